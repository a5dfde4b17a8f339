export function DefinitionsPage() { return <p>DefinitionsPage</p>; }
