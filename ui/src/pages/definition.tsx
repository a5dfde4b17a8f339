export function DefinitionPage() { return <p>DefinitionPage</p>; }
