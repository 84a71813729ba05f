import { describe, expect, test } from "vitest";
import { RequestError } from "../../api/client";
import { type Outcome, type Server, send } from "./send";
import type { WalkStore } from "./store";
import {
  answer,
  checks,
  complete,
  findings,
  inOrder,
  newWalk,
  note,
  progress,
  shoot,
  type Walk,
} from "./walk";

const noon = "2027-03-01T12:00:00Z";

/** A store in memory that keeps copies, as a database does. */
class Memory implements WalkStore {
  kept = new Map<string, Walk>();
  photos = new Map<string, Blob>();
  async walks() {
    return [...this.kept.values()];
  }
  async walk(_: string, zone: string) {
    return this.kept.get(zone);
  }
  async save(w: Walk) {
    this.kept.set(w.zone, structuredClone(w));
  }
  async drop(w: Walk) {
    this.kept.delete(w.zone);
    for (const e of w.entrances) this.photos.delete(e);
  }
  async keepPhoto(_: Walk, e: string, photo: Blob) {
    this.photos.set(e, photo);
  }
  async photo(_: Walk, e: string) {
    return this.photos.get(e);
  }
  async dropPhoto(_: Walk, e: string) {
    this.photos.delete(e);
  }
}

/** A server whose answers are scripted: an error, or undefined for success. */
class Scripted implements Server {
  uploads = 0;
  records: Walk[] = [];
  readonly script: (RequestError | undefined)[];
  loses = false; // records, but its answer does not arrive
  constructor(...script: (RequestError | undefined)[]) {
    this.script = script;
  }
  #next() {
    const err = this.script.shift();
    if (err) throw err;
  }
  async upload() {
    this.#next();
    return { id: `photo-${++this.uploads}`, masked: 2 };
  }
  async inspect(w: Walk) {
    this.#next();
    this.records.push(w);
    if (this.loses) {
      this.loses = false;
      throw lost();
    }
  }
  async recorded() {
    return this.records.length > 0;
  }
}

const lost = () => new RequestError(0, "", "");
const no = (status: number, code: string) => new RequestError(status, "no", "r", code);

async function walked(verdict = true): Promise<[Memory, Walk]> {
  const store = new Memory();
  let w = newWalk("door", 4, "ines", ["north", "south"], noon);
  for (const e of w.entrances) {
    for (const c of checks) w = answer(w, e, c, "yes");
    w = shoot(w, e, { taken: noon });
    await store.keepPhoto(w, e, new Blob([`pixels of ${e}`]));
  }
  if (verdict) w = { ...w, verdict: { passed: true, findings: "", at: noon } };
  await store.save(w);
  return [store, w];
}

const go = (w: Walk, store: Memory, server: Server): Promise<Outcome> => send(w, store, server, () => noon);

describe("a walk", () => {
  test("is complete when everything was looked at, and in order when all of it was right", () => {
    let w = newWalk("door", 1, "ines", ["north"], noon);
    expect(progress(w, "north")).toEqual({ done: 0, all: 6 });
    for (const c of checks) w = answer(w, "north", c, "yes");
    expect(complete(w)).toBe(false);
    w = shoot(w, "north", { taken: noon });
    expect([complete(w), inOrder(w)]).toEqual([true, true]);
    w = answer(w, "north", "readable", "no");
    expect([complete(w), inOrder(w)]).toEqual([true, false]);
    w = note(w, "north", "  hangs too high ");
    expect(findings(w, (e, what, text) => `${e}/${what}/${text}`)).toBe(
      "north/readable/\nnorth/note/hangs too high",
    );
  });
});

describe("sending", () => {
  test("with a network: photographs, then the inspection, and nothing is left here", async () => {
    const [store, w] = await walked();
    const server = new Scripted();
    expect((await go(w, store, server)).kind).toBe("sent");
    expect(server.records[0]?.shots.south?.id).toBe("photo-2");
    expect([store.kept.size, store.photos.size]).toEqual([0, 0]);
  });

  test("without a network nothing is lost, and it goes on where it stopped", async () => {
    const [store, w] = await walked();
    const server = new Scripted(undefined, lost());
    const first = await go(w, store, server);
    expect(first.kind).toBe("waiting");
    expect([...store.photos.keys()]).toEqual(["south"]);
    const again = await store.walk("ines", "door");
    expect(again?.shots.north?.id).toBe("photo-1");
    expect((await go(again as Walk, store, server)).kind).toBe("sent");
    expect(server.uploads).toBe(2);
  });

  test("a walk that goes on sends its photographs and stays", async () => {
    const [store, w] = await walked(false);
    const server = new Scripted();
    expect((await go(w, store, server)).kind).toBe("walking");
    expect(server.records).toEqual([]);
    expect([store.kept.size, store.photos.size]).toEqual([1, 0]);
  });

  test("an inspection whose answer was lost is not recorded twice", async () => {
    const [store, w] = await walked();
    const server = new Scripted();
    server.loses = true;
    expect((await go(w, store, server)).kind).toBe("waiting");
    const again = (await store.walk("ines", "door")) as Walk;
    expect(again.attempted).toBe(noon);
    expect((await go(again, store, server)).kind).toBe("sent");
    expect(server.records.length).toBe(1);
    expect(store.kept.size).toBe(0);
  });

  test("a refusal is told, the walk stays, and it can be sent anew", async () => {
    const [store, w] = await walked();
    const server = new Scripted(undefined, undefined, no(403, "INSPECTOR_IS_PLANNER"));
    const out = await go(w, store, server);
    expect(out).toMatchObject({ kind: "refused", error: { code: "INSPECTOR_IS_PLANNER" } });
    const again = (await store.walk("ines", "door")) as Walk;
    expect(again.attempted).toBeUndefined();
    expect((await go(again, store, server)).kind).toBe("sent");
  });

  test("a photograph that is no picture is named, and the others are kept", async () => {
    const [store, w] = await walked();
    const out = await go(w, store, new Scripted(no(422, "PHOTO")));
    expect(out.kind).toBe("refused");
    expect(out.walk.shots.north?.refused).toBe("PHOTO");
    expect(store.photos.size).toBe(2);
  });

  test.each([401, 429, 500, 503])("an answer of %d may be another next time", async (status) => {
    const [store, w] = await walked();
    expect((await go(w, store, new Scripted(no(status, "X")))).kind).toBe("waiting");
    expect(store.photos.size).toBe(2);
  });
});
