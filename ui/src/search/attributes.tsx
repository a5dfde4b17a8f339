/** Filters by search attributes: names and values, and what a value may be. */
import { useState } from "react";
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
      className="chips"
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
      <input className="input" list="attribute-names" aria-label={texts.search.attribute} placeholder={texts.search.attribute} value={name} onChange={(event) => setName(event.target.value)} />
      <datalist id="attribute-names">
        {names.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <input className="input" aria-label={texts.search.attributeValue} placeholder={texts.search.attributeValue} title={texts.search.attributeHint} value={value} onChange={(event) => setValue(event.target.value)} />
      <button type="submit" className="chip" disabled={name.trim() === "" || value === ""}>
        {texts.search.addAttribute}
      </button>
    </form>
  );
}
