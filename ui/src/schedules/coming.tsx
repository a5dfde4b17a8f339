/** The next times of a plan that is being written, or what is wrong with it. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ProblemError } from "~/api/client";
import { listTimes } from "~/api/schedules";
import { local } from "~/parts/time";
import { planOf, type ScheduleDraft } from "~/schedules/content";
import { texts } from "~/texts";

/** Milliseconds without a change after which the plan is asked about. */
const PAUSE = 300;

export function Coming({ draft }: { draft: ScheduleDraft }) {
  const plan = useSettled(JSON.stringify(planOf(draft)));
  const found = useQuery({
    queryKey: ["schedule-times", plan],
    queryFn: () => listTimes(JSON.parse(plan) as ReturnType<typeof planOf>),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const wrong = found.error instanceof ProblemError ? found.error.problem.detail : null;
  return (
    <div role="status" aria-label={texts.schedules.nextTimes}>
      {wrong !== null ? (
        <p className="field-error">{wrong}</p>
      ) : (
        found.data !== undefined && (
          <p className="muted small">
            {texts.schedules.nextTimes}: {found.data.map(local).join(" · ")}
          </p>
        )
      )}
    </div>
  );
}

/** Answers a text once it has not changed for a while. */
function useSettled(text: string): string {
  const [settled, settle] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => settle(text), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
