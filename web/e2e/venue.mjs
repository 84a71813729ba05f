// A real installation with a venue in it: the program itself with one camera
// that nobody publishes, a scene, a zone and a notice published by two, and a
// browser whose camera shows a file. BYSTANDER names a program that is built
// already.
import { join } from "node:path";
import { chromium } from "playwright-core";
import { call, install, run, start } from "./program.mjs";

export const scene = "concert";
export const zone = "stage-front";

const cast = {
  vera: "venue_owner",
  pia: "privacy_officer",
  paul: "privacy_officer",
  kim: "kiosk",
  carla: "consent_officer",
};

/** Starts it; resolves with its address, a way to ask as somebody, and one to stop it. */
export async function startVenue(options = {}) {
  const { dir, bin, config, tokens, remove } = await install("venue", {
    cast,
    settings: async () => [
      "events: { edge: venue }",
      "cameras: [{ id: stage, name: Stage, driver: whip, transport: tcp }]",
    ],
  });
  const { url, said, end } = await start(bin, ["run", "-c", config]);
  const stop = async () => {
    await end();
    await remove();
  };
  const as = (who, ...what) => call(url, tokens[who], ...what);
  try {
    await furnish(as, options);
  } catch (err) {
    await stop();
    throw err;
  }
  return { url, tokens, as, stop, said, dir };
}

/** The venue: one scene with one zone, and the notice that ships, completed, by two people. */
async function furnish(as, { children = false, zones = [zone] }) {
  await as("vera", "POST", "/v1/sites", {
    id: "stage-house",
    name: "Stage House Ltd",
    contact: "privacy@stage.example",
    profile: "cn",
    reason: "opening",
  });
  await as("vera", "PUT", "/v1/cameras/stage/policy", { place_type: "stage" });
  await as("vera", "POST", "/v1/scenes", {
    id: scene,
    purpose: "event_participation",
    mode: "zone",
    live_clear: true,
    separate_consent: true,
    external_recorder: true,
    ...(children ? { children: true } : {}),
  });
  if (children)
    await as("pia", "PUT", `/v1/guardian-channels/${scene}`, {
      desk: "The service desk in the foyer",
      procedure: "The officer sees the identity document and the household register.",
    });
  for (const id of zones)
    await as("vera", "POST", "/v1/zones", {
      id,
      kind: "recognition",
      camera: "stage",
      scene,
      outline: [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ],
      alternative: { kind: "staffed", description: "The staffed door on the left" },
    });
  const texts = await noticeTexts((...what) => as("pia", ...what));
  await as("pia", "POST", "/v1/notices", { version: "2026-1", scenes: [scene], texts });
  await as("paul", "POST", "/v1/notices/2026-1/publish", {
    revision: 1,
    effective_from: new Date().toISOString(),
  });
}

/** The notice that ships, completed, in both languages; `office` asks as a privacy officer. */
export async function noticeTexts(office) {
  const texts = {};
  for (const language of ["en", "zh-CN"]) {
    const text = await office("GET", `/v1/notices/templates/${language}`);
    delete text.$schema;
    texts[language] = { ...text, ...completed[language] };
    for (const [field, value] of Object.entries(texts[language]))
      if (typeof value === "string")
        texts[language][field] = value.replace(/\{\{[^}]*\}\}/g, filled[language]);
  }
  return texts;
}

/** What the template leaves to the site. */
const completed = {
  en: {
    controller: "Stage House Ltd, 1 Lantern Street",
    contact: "Privacy office, privacy@stage.example, telephone 555 0100",
    purpose: "To show performers who asked for it without a mask, while the audience stays masked",
    necessity: "Masks placed by hand came too late when somebody moved; cards cannot be read on a stage",
    alternative:
      "You can pass without recognition: the staffed door on the left. It is as good and costs nothing.",
  },
  "zh-CN": {
    controller: "舞台之家有限公司，灯笼街1号",
    contact: "隐私办公室，privacy@stage.example，电话 555 0100",
    purpose: "应表演者要求，在遮蔽观众的同时不遮蔽表演者",
    necessity: "人工遮蔽来不及跟上人员移动；舞台上无法刷卡",
    rights_procedure:
      "您可以在服务台、您的个人页面或通过上述联系方式查阅、更正、复制、删除、限制处理您的个人信息，提出反对、撤回同意，并要求对决定作出说明。我们先核验身份，并在15个工作日内答复。您可以向网信部门投诉。",
    alternative: "您可以不经人脸识别通行：左侧人工通道。服务相同，不另收费。",
  },
};
const filled = { en: "12", "zh-CN": "12" };

/** A short film of one still, as a camera sees it: the file that a browser takes for its camera. */
export async function filmOf(dir, still, name = "camera.mjpeg") {
  const out = join(dir, name);
  await run("ffmpeg", [
    ...["-v", "error", "-y", "-loop", "1", "-framerate", "10", "-t", "2", "-i", still],
    "-vf",
    "scale=1280:720:force_original_aspect_ratio=decrease,pad=1280:720:(ow-iw)/2:(oh-ih)/2:color=gray",
    ...["-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-q:v", "2", out],
  ]);
  return out;
}

/** Chromium whose camera shows a file; without one, the browser's own test picture. */
export function openCamera(film) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--use-fake-device-for-media-stream",
      ...(film ? [`--use-file-for-fake-video-capture=${film}`] : []),
    ],
  });
}
