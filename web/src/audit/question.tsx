import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link, useParams, useSearchParams } from "react-router";
import { api } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Failure, Gone } from "../kit/failure";
import { Loaded } from "../kit/loaded";
import { PageHead, Panel } from "../kit/page";
import { Empty, Loading } from "../ui/parts";
import { ask, type Question, questionURL } from "./answer";
import { AnswerView } from "./answerview";
import { type Filled, fault, ParamFields, rightOrder } from "./params";
import { PurposeBar, usePurpose } from "./purpose";
import { questionTexts } from "./questiontexts";
import { auditTexts } from "./texts";

/** One question: its parameters, and the answer. The address holds what was asked. */
export default function QuestionPage() {
  const { name = "" } = useParams();
  const t = useTexts(auditTexts);
  const q = useTexts(questionTexts);
  const questions = api.useQuery("get", "/v1/audit/questions", {}, { staleTime: 300_000 });
  return (
    <>
      <Link to="/audit">← {t("back")}</Link>
      <PageHead title={q.code("q", name)} lead={q.code("a", name)} />
      <PurposeBar />
      <Loaded query={questions}>
        {(data) => {
          const question = (data.questions as Question[]).find((x) => x.name === name);
          return question ? (
            <Asking key={name} question={question} />
          ) : (
            <Gone title={t("gone")} to="/audit" />
          );
        }}
      </Loaded>
    </>
  );
}

function Asking({ question }: { question: Question }) {
  const t = useTexts(auditTexts);
  const purpose = usePurpose();
  const [search, setSearch] = useSearchParams();
  const [filled, setFilled] = useState<Filled>(() => fromSearch(search, question));
  const [tried, setTried] = useState(false);
  const [sent, setSent] = useState<{ set: Filled; purpose: string; n: number } | undefined>(() =>
    search.has("asked") && purpose.text && right(question, filled)
      ? { set: filled, purpose: purpose.text, n: 0 }
      : undefined,
  );
  const asked = useMemo(
    () => (sent ? questionURL(question.name, sent.set, sent.purpose) : undefined),
    [sent, question],
  );
  const answer = useQuery({
    queryKey: ["audit", question.name, sent],
    queryFn: ({ signal }) => (asked ? ask(asked, signal) : Promise.reject(new Error("not asked"))),
    enabled: asked !== undefined,
    // Each asking is recorded, so nothing asks again by itself.
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const go = () => {
    setTried(true);
    if (!right(question, filled) || !purpose.text) return;
    setSearch({ ...clean(filled), asked: "" }, { replace: true });
    setSent((was) => ({ set: filled, purpose: purpose.text, n: (was?.n ?? 0) + 1 }));
  };
  return (
    <>
      <form
        className="panel audit-form"
        onSubmit={(e) => {
          e.preventDefault();
          go();
        }}
      >
        <ParamFields params={question.params} value={filled} onChange={setFilled} tried={tried} />
        <div className="actions">
          <Button submit tone="primary" pending={answer.isFetching}>
            {sent ? t("again") : t("ask")}
          </Button>
        </div>
      </form>
      {answer.isFetching ? <Loading rows={4} /> : null}
      {answer.error && !answer.isFetching ? <Failure error={answer.error} onRetry={go} /> : null}
      {asked && answer.data && !answer.isFetching ? (
        <AnswerView answer={answer.data} asked={asked} />
      ) : asked ? null : (
        <Panel title={t("answer.title")}>
          <Empty icon="help" title={t("answer.ask")}>
            {t("answer.ask.text")}
          </Empty>
        </Panel>
      )}
    </>
  );
}

function right(q: Question, filled: Filled): boolean {
  return rightOrder(filled) && q.params.every((p) => fault(p, filled[p.name] ?? "") === undefined);
}

function fromSearch(search: URLSearchParams, q: Question): Filled {
  return Object.fromEntries(
    q.params.flatMap((p) => (search.has(p.name) ? [[p.name, search.get(p.name) ?? ""]] : [])),
  );
}

function clean(filled: Filled): Record<string, string> {
  return Object.fromEntries(Object.entries(filled).filter(([, v]) => v !== ""));
}
