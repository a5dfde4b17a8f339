/** A list: rows by keyboard, a choice of them, pages; and what it says while it loads, when it failed and when it is empty. */
import Button from "@cloudscape-design/components/button";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Page } from "~/api/types";
import { texts } from "~/texts";
import { Loading, ProblemAlert } from "./problem";
import { useRows } from "./rows";

export interface Column<R> {
  name: string;
  cell: (row: R) => ReactNode;
  /** The whole text, where a cell is too narrow for it. */
  title?: (row: R) => string | null | undefined;
  /** Whether it stands at the end of its column. */
  isNumber?: boolean;
  /** Whether its name is for screen readers alone. */
  isUnnamed?: boolean;
}

/** Which rows are chosen, by their keys. */
export interface Choice {
  chosen: ReadonlySet<string>;
  choose: (keys: ReadonlySet<string>) => void;
}

interface TableProps<R> {
  label: string;
  rows: readonly R[];
  columns: readonly Column<R>[];
  keyOf: (row: R) => string;
  onOpen?: (row: R) => void;
  choice?: Choice;
  /** Whether its columns are as wide as those of other tables with as many. */
  isEven?: boolean;
}

interface Props<R> extends Omit<TableProps<R>, "rows"> {
  list: Pick<UseQueryResult<Page<R>>, "data" | "isPending" | "error" | "refetch">;
  /** The rows to show, where they are not all of the page. */
  rows?: readonly R[];
  empty: string;
  emptyHint?: string;
  cursor?: string | undefined;
  onCursor?: (cursor: string | undefined) => void;
}

export function List<R>({ list, empty, emptyHint, cursor, onCursor, ...table }: Props<R>) {
  const rows = table.rows ?? list.data?.items ?? [];
  const next = list.data?.next ?? null;
  return (
    <>
      {list.error !== null && <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading />}
      {list.data !== undefined && rows.length === 0 && (
        <p className="empty">
          <strong>{empty}</strong>
          <br />
          {emptyHint}
        </p>
      )}
      {rows.length > 0 && <Table {...table} rows={rows} />}
      {onCursor !== undefined && (cursor !== undefined || next !== null) && (
        <div className="pager">
          {cursor !== undefined && <Button onClick={() => onCursor(undefined)}>{texts.list.first}</Button>}
          {next !== null && <Button onClick={() => onCursor(next)}>{texts.list.next}</Button>}
        </div>
      )}
    </>
  );
}

const classOf = (column: { isNumber?: boolean; isUnnamed?: boolean }, isFirst: boolean): string | undefined =>
  [isFirst && "first", !isFirst && column.isUnnamed === true && "unnamed", column.isNumber === true && "number"].filter(Boolean).join(" ") || undefined;

export function Table<R>({ label, rows, columns, keyOf, onOpen, choice, isEven = false }: TableProps<R>) {
  const toggle = (row: R): void => {
    if (choice === undefined) return;
    const chosen = new Set(choice.chosen);
    if (!chosen.delete(keyOf(row))) chosen.add(keyOf(row));
    choice.choose(chosen);
  };
  const at = useRows(
    rows.length,
    (index) => rows[index] !== undefined && onOpen?.(rows[index]),
    (index) => rows[index] !== undefined && toggle(rows[index]),
  );
  return (
    <div className="scroll-x list" tabIndex={0} role="region" aria-label={label}>
      <table className={isEven ? "rows even" : "rows"} role="table">
        <thead role="rowgroup">
          <tr role="row">
            {choice !== undefined && (
              <th className="choice" role="columnheader">
                <ChooseAll keys={rows.map(keyOf)} choice={choice} />
              </th>
            )}
            {columns.map((column) => (
              <th key={column.name} role="columnheader" className={column.isNumber === true ? "number" : undefined}>{column.isUnnamed === true ? <span className="hidden-text">{column.name}</span> : column.name}</th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row, index) => (
            <tr key={keyOf(row)} role="row" data-row={index} className={index === at ? "at" : undefined}>
              {choice !== undefined && (
                <td className="choice" role="cell">
                  <input type="checkbox" aria-label={texts.list.choose(keyOf(row))} checked={choice.chosen.has(keyOf(row))} onChange={() => toggle(row)} />
                </td>
              )}
              {columns.map((column, place) => (
                <td key={column.name} role="cell" data-name={column.name} className={classOf(column, place === 0)} title={column.title?.(row) ?? undefined}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ChooseAll({ keys, choice }: { keys: string[]; choice: Choice }) {
  const isAll = keys.every((key) => choice.chosen.has(key));
  return (
    <label>
      <input type="checkbox" aria-label={texts.list.chooseAll} checked={isAll} onChange={() => choice.choose(isAll ? new Set() : new Set(keys))} /> <span className="card-only">{texts.list.chooseAll}</span>
    </label>
  );
}
