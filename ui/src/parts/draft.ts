/** A draft in this tab, which survives a reload, and is gone with the tab, the tenant or the sign-out. */
import { useCallback, useState } from "react";

const read = <T>(key: string): T | undefined => {
  try {
    const text = sessionStorage.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
};

export function useDraft<T>(name: string): [T | undefined, (value: T | undefined) => void] {
  const key = `sedo.draft.${name}`;
  const [draft, setDraft] = useState<{ key: string; value: T | undefined }>(() => ({ key, value: read<T>(key) }));
  const current = draft.key === key ? draft.value : read<T>(key);
  const write = useCallback(
    (value: T | undefined) => {
      setDraft({ key, value });
      try {
        if (value === undefined) sessionStorage.removeItem(key);
        else sessionStorage.setItem(key, JSON.stringify(value));
      } catch {
        // a draft that is larger than what the browser keeps, stays in this page alone
      }
    },
    [key],
  );
  return [current, write];
}
