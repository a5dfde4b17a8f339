/** What a task is about, for people who read no JSON: members by their titles, lists of objects as tables, what is nested by request. */
import { useState } from "react";
import type { Json } from "~/api/types";
import { isMembers, listOf, type Members } from "~/form/places";
import { Json as JsonText } from "~/parts/json";
import { words } from "~/parts/states";
import { texts } from "~/texts";

const FIRST = 20;
const MOST_COLUMNS = 8;

/** Of a member the title that the schema gives it, else its name as words: `orderTotal` is `Order total`. */
export function titleOf(name: string, schema: unknown): string {
  const described = isMembers(schema) && isMembers(schema.properties) ? schema.properties[name] : undefined;
  if (isMembers(described) && typeof described.title === "string" && described.title !== "") return described.title;
  return /^[A-Za-z][A-Za-z0-9_]*$/.test(name) ? words(name.replaceAll("_", " ").trim()) : name;
}

/** The names of a list of objects with plain members, which makes a table. */
export function columnsOf(list: readonly Json[]): string[] | undefined {
  if (list.length === 0 || !list.every(isMembers)) return undefined;
  const names = [...new Set(list.flatMap((each) => Object.keys(each as Members)))];
  const isPlain = list.every((each) => Object.values(each as Members).every((value) => typeof value !== "object" || value === null));
  return isPlain && names.length > 0 && names.length <= MOST_COLUMNS ? names : undefined;
}

export function Data({ value, schema }: { value: Json; schema?: unknown }) {
  return (
    <div className="data">
      <Shown value={value} schema={schema} />
      <details>
        <summary className="muted light">{texts.tasks.asJson}</summary>
        <JsonText value={value} label={texts.tasks.data} />
      </details>
    </div>
  );
}

function Shown({ value, schema }: { value: Json; schema?: unknown }) {
  if (Array.isArray(value)) return <Items list={value} schema={schema} />;
  if (!isMembers(value)) return <>{plain(value)}</>;
  return (
    <dl className="plain-data">
      {Object.entries(value as { [name: string]: Json }).map(([name, each]) => (
        <div key={name}>
          <dt title={name}>{titleOf(name, schema)}</dt>
          <dd>
            <Nested value={each} schema={isMembers(schema) && isMembers(schema.properties) ? schema.properties[name] : undefined} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A table is shown at once; what else is nested, by request. */
function Nested({ value, schema }: { value: Json; schema: unknown }) {
  const size = Array.isArray(value) ? value.length : isMembers(value) ? Object.keys(value).length : 0;
  if (size === 0 || (Array.isArray(value) && (columnsOf(value) !== undefined || value.every((each) => typeof each !== "object")))) return <Shown value={value} schema={schema} />;
  return (
    <details>
      <summary className="light">{Array.isArray(value) ? texts.json.items(size) : texts.json.members(size)}</summary>
      <Shown value={value} schema={schema} />
    </details>
  );
}

function Items({ list, schema }: { list: Json[]; schema: unknown }) {
  const [isWhole, showWhole] = useState(false);
  const columns = columnsOf(list);
  const items = isMembers(schema) ? schema.items : undefined;
  const shown = isWhole ? list : list.slice(0, FIRST);
  if (list.length === 0) return <>{texts.json.empty}</>;
  return (
    <>
      {columns === undefined ? (
        <ul>
          {shown.map((each, index) => (
            <li key={index}>
              <Shown value={each} schema={items} />
            </li>
          ))}
        </ul>
      ) : (
        <Rows rows={shown as Members[]} columns={columns} schema={items} />
      )}
      {shown.length < list.length && (
        <button type="button" className="chip" onClick={() => showWhole(true)}>
          {texts.json.show} ({texts.json.items(list.length)})
        </button>
      )}
    </>
  );
}

function Rows({ rows, columns, schema }: { rows: Members[]; columns: string[]; schema: unknown }) {
  const isNumber = (name: string): boolean => rows.every((row) => row[name] === undefined || typeof row[name] === "number");
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={texts.tasks.data}>
      <table className="rows">
        <thead>
          <tr>
            {columns.map((name) => (
              <th key={name} title={name} className={isNumber(name) ? "number" : undefined}>
                {titleOf(name, schema)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {columns.map((name) => (
                <td key={name} title={plain(row[name])} className={isNumber(name) ? "number" : undefined}>
                  {plain(row[name])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const plain = (value: unknown): string => {
  if (listOf(value).length === 0 && typeof value === "object") return texts.json.empty;
  if (typeof value === "boolean") return value ? texts.form.yes : texts.form.no;
  return value === undefined ? "" : String(value);
};
