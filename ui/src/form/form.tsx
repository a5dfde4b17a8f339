/** A form from a JSON Schema: React JsonSchema Form in the dress of Cloudscape. */
import type { IChangeEvent } from "@rjsf/core";
import type { ErrorSchema, RJSFSchema, UiSchema } from "@rjsf/utils";
import { type ReactNode, useMemo, useRef } from "react";
import type { Json } from "~/api/types";
import "./form.css";
import { KeptForm } from "./kept-form";
import { focusAt, read } from "./places";
import { cleared, drawable, given, prepared, unticked } from "./prepared";
import { templates } from "./templates";
import validator, { asJson } from "./validator";
import { widgets } from "./widgets";

interface Props {
  schema: RJSFSchema;
  uiSchema?: UiSchema | undefined;
  value: Json | undefined;
  errors?: ErrorSchema | undefined;
  isDisabled?: boolean;
  id?: string;
  onChange: (value: Json | undefined) => void;
  onSubmit: (value: Json) => void;
  children: ReactNode;
}

/** The first choice is not chosen until somebody does, and no is nobody's answer until it is given. */
const DEFAULTS = { constAsDefaults: "skipOneOf", requiredBooleanDefault: "skip" } as const;

export function JsonForm({ schema, uiSchema, value, errors, isDisabled = false, id, onChange, onSubmit, children }: Props) {
  const drawn = useMemo(() => unticked(prepared(schema)) as RJSFSchema, [schema]);
  const shown = useMemo(() => (value === undefined ? undefined : drawable(drawn, value)), [drawn, value]);
  const isTouched = useRef(false); // the defaults that rjsf fills in are nobody's draft
  const touch = (): void => {
    isTouched.current = true;
  };
  return (
    <div
      onPointerDownCapture={touch}
      onKeyDownCapture={touch}
      onInputCapture={touch}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        event.currentTarget.querySelector("form")?.requestSubmit();
      }}
    >
      <KeptForm
        className="json-form"
        {...(id !== undefined && { id })}
        templates={templates}
        widgets={widgets}
        schema={drawn}
        uiSchema={uiSchema ?? {}}
        formData={shown}
        validator={validator}
        extraErrors={errors ?? {}}
        disabled={isDisabled}
        noHtml5Validate
        experimental_defaultFormStateBehavior={DEFAULTS}
        focusOnFirstError={(error) => focusAt(read(error.property ?? ""))}
        showErrorList="top"
        useFallbackUiForUnsupportedType
        onChange={(event: IChangeEvent) => isTouched.current && onChange(asJson(cleared(drawn, event.formData)) as Json | undefined)}
        onSubmit={(event: IChangeEvent) => onSubmit((asJson(given(drawn, event.formData)) ?? null) as Json)}
      >
        {children}
      </KeptForm>
    </div>
  );
}

/** What a form sends of a value that is being written. */
export const sent = (schema: RJSFSchema, value: Json): Json => asJson(given(prepared(schema), value)) as Json;

/** Whether a form can be drawn of it: `true`, and a schema that says nothing, take anything. */
export const isFormSchema = (schema: unknown): schema is RJSFSchema =>
  typeof schema === "object" && schema !== null && ["type", "properties", "oneOf", "anyOf", "allOf", "enum", "$ref"].some((each) => each in schema);
