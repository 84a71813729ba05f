import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { type HouseEvent, read } from "../../api/client";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { Button, LinkButton } from "../../kit/button";
import { Failure } from "../../kit/failure";
import { CheckField, SelectField, TextField } from "../../kit/fields";
import { PageHead } from "../../kit/page";
import { Empty, Loading, useHouse } from "../../ui/parts";
import { useTheHouse } from "../housecontext";
import { useNames } from "../names";
import { everything, type Filter, passes, possible, queryOf } from "./filter";
import { EventList } from "./list";
import { eventTexts } from "./texts";
import { merge } from "./words";

const groups = ["all", "people", "cameras", "system"] as const;
const most = 20_000; // events held in the page

/** Every event of the house, live, with filters that the server answers. */
export default function EventsPage() {
  const house = useTheHouse();
  const { cameras, events: live, arrived } = useHouse(house);
  const nameOf = useNames(house);
  const w = useWords();
  const t = useTexts(eventTexts);
  const [filter, setFilter] = useState<Filter>(everything);
  const { events, query } = useEvents(filter, live);
  const set = (part: Partial<Filter>) => setFilter({ ...filter, ...part });
  const { hasNextPage, isFetching, fetchNextPage } = query;
  const older = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const wrong = possible(filter) ? "" : t("f.order");
  return (
    <div className="desk events-desk">
      <PageHead title={t("title")} lead={t("lead")} />
      <div className="event-filters">
        <SelectField
          label={t("f.kind")}
          value={filter.group}
          onChange={(group) => set({ group })}
          options={groups.map((g) => ({ value: g, label: w.t(`events.${g}`) }))}
        />
        <SelectField
          label={t("f.camera")}
          value={filter.camera || "*"}
          onChange={(c) => set({ camera: c === "*" ? "" : c })}
          options={[
            { value: "*", label: t("f.cameras") },
            ...(cameras ?? []).map((c) => ({ value: c.id, label: c.name })),
          ]}
        />
        <TextField
          label={t("f.from")}
          type="datetime-local"
          value={filter.from}
          onChange={(from) => set({ from })}
          error={wrong}
        />
        <TextField label={t("f.to")} type="datetime-local" value={filter.to} onChange={(to) => set({ to })} />
        <CheckField label={t("f.person")} value={filter.person} onChange={(person) => set({ person })} />
        <Button tone="quiet" disabled={filter === everything} onPress={() => setFilter(everything)}>
          {t("f.clear")}
        </Button>
      </div>
      {query.error ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      <section className="panel events all" aria-label={t("title")}>
        {query.isPending ? (
          <Loading rows={8} />
        ) : events.length === 0 ? (
          <Empty icon="clock" title={t("list.none")} />
        ) : (
          <EventList
            key={JSON.stringify(filter)}
            events={events}
            arrived={arrived}
            nameOf={nameOf}
            onEnd={older}
            actions={(e) => <Actions event={e} />}
          >
            <p className="end">{hasNextPage ? t("list.loading") : w.t("events.end")}</p>
          </EventList>
        )}
      </section>
      <p className="events-count num" role="status">
        {t("list.shown", { n: events.length })}
      </p>
    </div>
  );
}

function Actions({ event }: { event: HouseEvent }) {
  const t = useTexts(eventTexts);
  const at = `camera=${encodeURIComponent(event.camera)}&at=${encodeURIComponent(event.ts)}`;
  return (
    <>
      <LinkButton small to={`/live/recordings?${at}`}>
        {t("play")}
      </LinkButton>
      <LinkButton small to={`/live/recordings?${at}&event=${encodeURIComponent(event.id)}#note`}>
        {t("note")}
      </LinkButton>
    </>
  );
}

/** The pages of the past, joined with what came since. */
function useEvents(filter: Filter, live: readonly HouseEvent[] | undefined) {
  const asked = possible(filter) ? filter : everything;
  const query = useInfiniteQuery({
    queryKey: ["events", asked],
    queryFn: ({ pageParam, signal }) =>
      read(
        "/v1/events",
        { ...queryOf(asked), limit: 200, ...(pageParam ? { before: pageParam } : {}) },
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => (page.more ? page.events.at(-1)?.cursor : undefined),
    staleTime: Number.POSITIVE_INFINITY, // the past does not change; what is new comes by the stream
  });
  const past = useMemo(() => query.data?.pages.flatMap((p) => p.events) ?? [], [query.data]);
  const events = useMemo(() => {
    // What the stream brought and is older than the pages so far comes with a later page.
    const oldest = past.at(-1)?.ts ?? "";
    const since = live?.filter((e) => passes(asked, e) && (!query.hasNextPage || e.ts >= oldest)) ?? [];
    return query.data ? merge(past, since, most) : [];
  }, [asked, live, past, query.data, query.hasNextPage]);
  return { events, query };
}
