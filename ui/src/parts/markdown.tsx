/** The Markdown that descriptions may have, as elements: no HTML of others ever gets into the page. */
import { Fragment, type ReactNode } from "react";

const INLINE = /\*\*(.+?)\*\*|\*(.+?)\*|`([^`]+)`|\[([^\]]+)\]\(([^)\s]+)\)/g;
const SAFE = /^(?:https?:|mailto:)/i;

function inline(text: string): ReactNode[] {
  const found: ReactNode[] = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, strong, emphasis, code, label, link] = match;
    found.push(text.slice(at, match.index));
    at = match.index + whole.length;
    if (strong !== undefined) found.push(<strong key={at}>{strong}</strong>);
    else if (emphasis !== undefined) found.push(<em key={at}>{emphasis}</em>);
    else if (code !== undefined) found.push(<code key={at}>{code}</code>);
    else if (link !== undefined && SAFE.test(link)) {
      found.push(
        <a key={at} href={link} target="_blank" rel="noreferrer noopener">
          {label}
        </a>,
      );
    } else found.push(whole);
  }
  found.push(text.slice(at));
  return found;
}

/** Paragraphs and lists; of a long text the first 20,000 characters. */
export function Markdown({ text }: { text: string }) {
  const blocks = text.slice(0, 20_000).split(/\n{2,}/);
  return (
    <div className="markdown">
      {blocks.map((block, index) => {
        const lines = block.split("\n");
        if (lines.every((line) => /^\s*[-*] /.test(line))) {
          return (
            <ul key={index}>
              {lines.map((line, at) => (
                <li key={at}>{inline(line.replace(/^\s*[-*] /, ""))}</li>
              ))}
            </ul>
          );
        }
        return (
          <p key={index}>
            {lines.map((line, at) => (
              <Fragment key={at}>
                {at > 0 && <br />}
                {inline(line.replace(/^#+ /, ""))}
              </Fragment>
            ))}
          </p>
        );
      })}
    </div>
  );
}

/** The same for the place of one line, as beside a label. */
export const MarkdownLine = ({ text }: { text: string }) => <>{inline(text)}</>;
