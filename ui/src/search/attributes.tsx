/** Filters by search attributes: names and values, and what a value may be. */
import { useState } from "react";
import { Labelled } from "~/parts/filter";
import { texts } from "~/texts";
import { attributesOf, whereOf } from "./query";

interface Props {
  where: string | undefined;
  names: readonly string[];
  onChange: (where: string | undefined) => void;
}

export function AttributeFilters({ where, names, onChange }: Props) {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const attributes = attributesOf(where);
  const add = (): void => {
    onChange(whereOf([...attributes.filter((each) => each.name !== name.trim()), { name: name.trim(), value }]));
    setName("");
    setValue("");
  };
  return (
    <form
      className="chips filter-group"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== "") add();
      }}
    >
      {attributes.map((each) => (
        <button key={each.name} type="button" className="chip" aria-pressed="true" title={texts.search.removeAttribute(each.name)} onClick={() => onChange(whereOf(attributes.filter((other) => other !== each)))}>
          {each.name} = {each.value} ✕
        </button>
      ))}
      <Labelled label={texts.search.attribute}>{(id) => <input id={id} className="input" list="attribute-names" value={name} onChange={(event) => setName(event.target.value)} />}</Labelled>
      <datalist id="attribute-names">
        {names.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <Labelled label={texts.search.attributeValue}>{(id) => <input id={id} className="input" title={texts.search.attributeHint} value={value} onChange={(event) => setValue(event.target.value)} />}</Labelled>
      <button type="submit" className="chip" disabled={name.trim() === "" || value === ""}>
        {texts.search.addAttribute}
      </button>
    </form>
  );
}
