/** The name of an execution, shortened in the middle: its end tells it from others. The whole is copied, and shown on hover. */
const END = 8;

export function Id({ text }: { text: string }) {
  return (
    <span className="id">
      <span className="id-begin">{text.slice(0, -END)}</span>
      {text.slice(-END)}
    </span>
  );
}
