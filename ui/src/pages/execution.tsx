export function ExecutionPage() { return <p>ExecutionPage</p>; }
