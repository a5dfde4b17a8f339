/** How fields, objects, lists and choices of forms stand on the page. */
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import {
  ADDITIONAL_PROPERTY_FLAG,
  type ArrayFieldItemTemplateProps,
  type ArrayFieldTemplateProps,
  canExpand,
  type ErrorListProps,
  type FieldTemplateProps,
  getUiOptions,
  type IconButtonProps,
  type MultiSchemaFieldTemplateProps,
  type ObjectFieldTemplateProps,
  type TemplatesType,
  type WrapIfAdditionalTemplateProps,
} from "@rjsf/utils";
import type { ReactNode } from "react";
import { Markdown, MarkdownLine } from "~/parts/markdown";
import { texts } from "~/texts";
import { focusAt, partsOf, read } from "./places";
import { isMarked, isUndecided } from "./prepared";

/** Fields that have a label of their own. */
const labelled = ({ schema, uiSchema, displayLabel, registry, required }: FieldTemplateProps): boolean => {
  if (schema.type === "boolean") return !isUndecided(schema, required) && (getUiOptions(uiSchema).widget ?? "checkbox") === "checkbox";
  if (schema.type === "array") return !registry.schemaUtils.isMultiSelect(schema) && getUiOptions(uiSchema).widget === undefined;
  return !displayLabel || schema.type === "object";
};

const Optional = () => (
  <i className="light">
    {" "}
    - {texts.form.optional}
  </i>
);

function FieldTemplate(props: FieldTemplateProps) {
  const { id, label, required, hidden, children, rawErrors, rawDescription, rawHelp, schema } = props;
  if (hidden || isMarked(schema)) return <div hidden>{children}</div>;
  const errors = [...new Set(rawErrors ?? [])].join(" ");
  if (labelled(props)) {
    return (
      <Additional {...props}>
        {children}
        {rawHelp && (
          <p className="muted small">
            <MarkdownLine text={rawHelp} />
          </p>
        )}
        {errors !== "" && schema.type !== "object" && <p className="field-error">{errors}</p>}
      </Additional>
    );
  }
  return (
    <Additional {...props}>
      <FormField
        controlId={id}
        stretch
        label={
          <>
            {label}
            {!required && !props.readonly && <Optional />}
          </>
        }
        description={rawDescription && <MarkdownLine text={rawDescription} />}
        constraintText={rawHelp && <MarkdownLine text={rawHelp} />}
        errorText={errors}
      >
        {children}
      </FormField>
    </Additional>
  );
}

/** A member that a schema does not name: its name can be written, and it can be taken out. */
function Additional(props: WrapIfAdditionalTemplateProps & { children: ReactNode }) {
  const { id, schema, label, children, disabled, readonly, onKeyRenameBlur, onRemoveProperty } = props;
  if (!(ADDITIONAL_PROPERTY_FLAG in schema)) return <div className="form-row">{children}</div>;
  return (
    <div className="form-row form-additional">
      <label className="field">
        <span>{texts.form.name}</span>
        <input className="input" id={`${id}-key`} defaultValue={label} disabled={disabled || readonly} onBlur={onKeyRenameBlur} />
      </label>
      {children}
      <Button iconName="remove" ariaLabel={`${texts.form.remove} ${label}`} disabled={disabled || readonly} onClick={() => onRemoveProperty()} formAction="none" />
    </div>
  );
}

function ObjectFieldTemplate(props: ObjectFieldTemplateProps) {
  const { title, description, properties, schema, uiSchema, formData, disabled, readonly, required, onAddProperty, fieldPathId } = props;
  if ((schema.oneOf || schema.anyOf) && !schema.properties && properties.length === 0) return null;
  const isTop = fieldPathId.$id === "root";
  const place = fieldPathId.path.at(-1);
  const shown = typeof place === "number" ? texts.form.item(place + 1) : (getUiOptions(uiSchema).title ?? title);
  return (
    <fieldset className={isTop ? "form-top" : "form-object"} id={fieldPathId.$id}>
      {shown && (
        <legend className={isTop ? "hidden-text" : undefined}>
          {shown}
          {typeof place === "string" && !required && !readonly && <Optional />}
        </legend>
      )}
      {typeof description === "string" && description !== "" && <Markdown text={description} />}
      {properties.map((each) => each.content)}
      {canExpand(schema, uiSchema, formData) && <Add onClick={() => onAddProperty()} disabled={disabled === true || readonly === true} />}
    </fieldset>
  );
}

function ArrayFieldTemplate({ title, schema, items, canAdd, disabled, readonly, onAddClick, fieldPathId }: ArrayFieldTemplateProps) {
  return (
    <fieldset className="form-array" id={fieldPathId.$id}>
      <legend>{title}</legend>
      {schema.description && <Markdown text={schema.description} />}
      {items}
      {canAdd && <Add onClick={() => onAddClick()} disabled={disabled === true || readonly === true} name={title} />}
    </fieldset>
  );
}

const Add = ({ onClick, disabled, name }: { onClick: () => void; disabled: boolean; name?: string | undefined }) => (
  <span>
    <Button iconName="add-plus" formAction="none" disabled={disabled} onClick={onClick} ariaLabel={name === undefined ? texts.form.add : `${texts.form.add}: ${name}`}>
      {texts.form.add}
    </Button>
  </span>
);

function ArrayFieldItemTemplate({ children, buttonsProps, hasToolbar, index, disabled, readonly }: ArrayFieldItemTemplateProps) {
  const { hasMoveUp, hasMoveDown, hasRemove, onMoveUpItem, onMoveDownItem, onRemoveItem } = buttonsProps;
  const isFixed = disabled === true || readonly === true;
  const item = texts.form.item(index + 1);
  return (
    <div className="form-item" role="group" aria-label={item}>
      <div className="grow">{children}</div>
      {hasToolbar && (
        <div className="form-item-buttons">
          <Button variant="icon" iconName="angle-up" ariaLabel={`${texts.form.up}: ${item}`} disabled={isFixed || !hasMoveUp} onClick={() => onMoveUpItem()} formAction="none" />
          <Button variant="icon" iconName="angle-down" ariaLabel={`${texts.form.down}: ${item}`} disabled={isFixed || !hasMoveDown} onClick={() => onMoveDownItem()} formAction="none" />
          <Button variant="icon" iconName="remove" ariaLabel={`${texts.form.remove}: ${item}`} disabled={isFixed || !hasRemove} onClick={() => onRemoveItem()} formAction="none" />
        </div>
      )}
    </div>
  );
}

const MultiSchemaFieldTemplate = ({ selector, optionSchemaField }: MultiSchemaFieldTemplateProps) => (
  <div className="form-choice">
    {selector}
    {optionSchemaField}
  </div>
);

/** What is wrong by the names of the fields, each of which is one click away. */
function ErrorListTemplate({ errors, schema, uiSchema }: ErrorListProps) {
  const wrong = new Map(errors.map((each) => [`${each.property} ${each.message}`, { path: read(each.property ?? ""), message: each.message ?? each.stack }]));
  return (
    <div className="form-errors" role="alert">
      <strong>{texts.form.errors}</strong>
      <ul className="plain">
        {[...wrong].slice(0, 20).map(([key, { path, message }]) => (
          <li key={key}>
            {path.length > 0 && (
              <button type="button" className="link" onClick={() => focusAt(path)}>
                {partsOf(path, schema, uiSchema)
                  .map(({ name }) => name)
                  .join(" / ")}
              </button>
            )}{" "}
            {message}
          </li>
        ))}
      </ul>
    </div>
  );
}

const AddButton = ({ onClick, disabled }: IconButtonProps) => <Add onClick={() => onClick?.({} as never)} disabled={disabled === true} />;

export const templates: Partial<TemplatesType> = {
  ArrayFieldItemTemplate,
  ArrayFieldTemplate,
  ErrorListTemplate,
  FieldErrorTemplate: () => null,
  FieldHelpTemplate: () => null,
  FieldTemplate,
  MultiSchemaFieldTemplate,
  ObjectFieldTemplate,
  ButtonTemplates: { AddButton } as TemplatesType["ButtonTemplates"],
};
