/** The inputs of forms: those of Cloudscape, and the browser's own for dates and files. */
import Checkbox from "@cloudscape-design/components/checkbox";
import Input from "@cloudscape-design/components/input";
import Multiselect from "@cloudscape-design/components/multiselect";
import RadioGroup from "@cloudscape-design/components/radio-group";
import Select from "@cloudscape-design/components/select";
import Textarea from "@cloudscape-design/components/textarea";
import { enumOptionsIndexForValue, enumOptionsValueForIndex, type RegistryWidgetsType, type WidgetProps } from "@rjsf/utils";
import { type ChangeEvent, useState } from "react";
import { MarkdownLine } from "~/parts/markdown";
import { zone } from "~/parts/time";
import { texts } from "~/texts";
import { fromLocal, timeInUtc, toLocal } from "./dates";
import { isUndecided } from "./prepared";

/** Bytes of a file: as a data URL it is a third more, and the API takes 6 MB of input. */
export const FILE_BYTES = 4_000_000;

const isInvalid = ({ rawErrors }: WidgetProps): boolean => (rawErrors?.length ?? 0) > 0;
const textOf = (value: unknown): string => (value === undefined || value === null ? "" : String(value));
const TYPES: Partial<Record<string, "email" | "url" | "password">> = { email: "email", uri: "url", password: "password" };

function TextWidget(props: WidgetProps) {
  const { id, value, schema, options, onChange, disabled, readonly, placeholder, autofocus, onBlur } = props;
  const type = TYPES[options.inputType ?? schema.format ?? ""] ?? "text";
  const example: unknown = Array.isArray(schema.examples) ? schema.examples[0] : undefined;
  return (
    <Input
      controlId={id}
      type={type}
      value={textOf(value)}
      placeholder={placeholder || textOf(example)}
      disabled={disabled ?? false}
      readOnly={readonly ?? false}
      invalid={isInvalid(props)}
      autoFocus={autofocus ?? false}
      onChange={({ detail }) => onChange(detail.value === "" ? options.emptyValue : detail.value)}
      onBlur={() => onBlur(id, value)}
    />
  );
}

/** Numbers are kept as text while they are written: `1.` is on its way to `1.5`. */
function NumberWidget(props: WidgetProps) {
  const { id, value, schema, onChange, disabled, readonly, options } = props;
  const [text, setText] = useState<string | null>(null);
  const shown = text !== null && Number(text) === Number(value ?? Number.NaN) ? text : textOf(value);
  const change = (next: string): void => {
    setText(next);
    if (next.trim() === "") onChange(options.emptyValue);
    else onChange(Number.isNaN(Number(next)) ? next : Number(next));
  };
  return (
    <Input
      controlId={id}
      value={shown}
      inputMode={schema.type === "integer" ? "numeric" : "decimal"}
      disabled={disabled ?? false}
      readOnly={readonly ?? false}
      invalid={isInvalid(props)}
      onChange={({ detail }) => change(detail.value)}
    />
  );
}

function TextareaWidget(props: WidgetProps) {
  const { id, value, onChange, disabled, readonly, options } = props;
  return (
    <Textarea
      controlId={id}
      value={textOf(value)}
      rows={typeof options.rows === "number" ? options.rows : 3}
      disabled={disabled ?? false}
      readOnly={readonly ?? false}
      invalid={isInvalid(props)}
      onChange={({ detail }) => onChange(detail.value === "" ? options.emptyValue : detail.value)}
    />
  );
}

function CheckboxWidget(props: WidgetProps) {
  const { id, value, label, onChange, disabled, readonly, schema, required } = props;
  if (isUndecided(schema, required)) return <RadioWidget {...props} />;
  return (
    <Checkbox controlId={id} checked={value === true} disabled={disabled ?? false} readOnly={readonly ?? false} description={schema.description && <MarkdownLine text={schema.description} />} onChange={({ detail }) => onChange(detail.checked)}>
      {label}
    </Checkbox>
  );
}

interface Choice {
  value: string;
  label: string;
}

const choicesOf = ({ options }: WidgetProps): Choice[] => (options.enumOptions ?? []).map(({ label }, index) => ({ value: String(index), label }));

function SelectWidget(props: WidgetProps) {
  const { id, value, options, multiple, onChange, disabled, readonly, placeholder, required } = props;
  const choices = choicesOf(props);
  const chosen = [enumOptionsIndexForValue(value, options.enumOptions, multiple) ?? []].flat();
  const shared = { controlId: id, disabled: disabled === true || readonly === true, invalid: isInvalid(props), placeholder: placeholder || texts.form.choose };
  const give = (indexes: string | string[]): void => onChange(enumOptionsValueForIndex(indexes, options.enumOptions, options.emptyValue));
  const selected = choices.filter((each) => chosen.includes(each.value));
  if (multiple) {
    return (
      <Multiselect {...shared} options={choices} selectedOptions={selected} onChange={({ detail }) => give(detail.selectedOptions.map((each) => each.value ?? ""))} />
    );
  }
  const none = required ? [] : [{ value: "", label: "—" }];
  return <Select {...shared} options={[...none, ...choices]} selectedOption={selected[0] ?? null} onChange={({ detail }) => give(detail.selectedOption.value ?? "")} />;
}

function RadioWidget(props: WidgetProps) {
  const { id, value, schema, options, onChange, disabled, readonly } = props;
  const index = enumOptionsIndexForValue(value, options.enumOptions);
  return (
    <RadioGroup
      id={id}
      value={typeof index === "string" ? index : null}
      readOnly={readonly ?? false}
      direction={schema.type === "boolean" ? "horizontal" : "vertical"}
      items={choicesOf(props).map((each) => ({ ...each, disabled: disabled ?? false }))}
      onChange={({ detail }) => onChange(enumOptionsValueForIndex(detail.value, options.enumOptions, options.emptyValue))}
    />
  );
}

const CheckboxesWidget = (props: WidgetProps) => <SelectWidget {...props} multiple />;

/** The browser's own input: it knows the calendar and the keyboard of a phone. */
const native =
  (type: "date" | "time" | "datetime-local", read: (text: string) => string, shown: (value: string) => string) => (props: WidgetProps) => {
    const { id, value, onChange, disabled, readonly, options, required } = props;
    return (
      <input
        id={id}
        className="input"
        type={type}
        step={type === "date" ? undefined : 1}
        value={typeof value === "string" ? shown(value) : ""}
        disabled={disabled}
        readOnly={readonly}
        required={required}
        aria-invalid={isInvalid(props)}
        title={type === "datetime-local" ? texts.form.zone(zone()) : undefined}
        onChange={(event) => onChange(event.target.value === "" ? options.emptyValue : read(event.target.value))}
      />
    );
  };

const same = (text: string): string => text;
const DateWidget = native("date", same, same);
const UtcTime = native("time", (text) => `${text.length === 5 ? `${text}:00` : text}Z`, timeInUtc);
const Instant = native("datetime-local", fromLocal, toLocal);

function TimeWidget(props: WidgetProps) {
  return (
    <span className="with-note">
      <UtcTime {...props} />
      <span className="muted small">{texts.form.utc}</span>
    </span>
  );
}

function DateTimeWidget(props: WidgetProps) {
  return (
    <span className="with-note">
      <Instant {...props} />
      <span className="muted small">
        {texts.form.zone(zone())} {typeof props.value === "string" && props.value}
      </span>
    </span>
  );
}

/** A file becomes a data URL, with its name. */
function FileWidget({ id, value, onChange, disabled, readonly, options }: WidgetProps) {
  const [said, say] = useState("");
  const read = (event: ChangeEvent<HTMLInputElement>): void => {
    const file = event.target.files?.[0];
    if (file === undefined || file.size > FILE_BYTES) {
      say(file === undefined ? "" : texts.form.fileTooLarge(FILE_BYTES));
      onChange(options.emptyValue); // the one before is not sent in its place
      return;
    }
    const reader = new FileReader();
    reader.onload = () => {
      say(texts.form.fileChosen(file.name, file.size));
      onChange(String(reader.result).replace(";base64", `;name=${encodeURIComponent(file.name)};base64`));
    };
    reader.readAsDataURL(file);
  };
  return (
    <span className="with-note">
      <input id={id} type="file" disabled={disabled === true || readonly === true} onChange={read} />
      <span className="muted small" role="status">
        {said || (typeof value === "string" ? value.slice(0, 60) : "")}
      </span>
    </span>
  );
}

export const widgets: RegistryWidgetsType = {
  CheckboxWidget,
  CheckboxesWidget,
  DateTimeWidget,
  DateWidget,
  EmailWidget: TextWidget,
  FileWidget,
  PasswordWidget: TextWidget,
  RadioWidget,
  RangeWidget: NumberWidget,
  SelectWidget,
  TextWidget: (props) => (["number", "integer"].includes(String(props.schema.type)) ? <NumberWidget {...props} /> : <TextWidget {...props} />),
  TextareaWidget,
  TimeWidget,
  URLWidget: TextWidget,
  UpDownWidget: NumberWidget,
};
