import { useTexts } from "../../i18n/texts";
import { TextArea, TextField } from "../../kit/fields";
import { Panel } from "../../kit/page";
import { type FieldName, type Fields, type Language, languages } from "./fields";
import { noticeTexts } from "./texts";

/** One field of a notice in both languages, side by side. */
export function FieldPair(props: {
  name: FieldName;
  fields: Record<Language, Fields>;
  faultOf: (field: string, language?: Language) => string | undefined;
  onChange: (language: Language, text: string) => void;
}) {
  const t = useTexts(noticeTexts);
  const { name } = props;
  const note = name === "kinds" ? t("kinds.hint") : undefined;
  return (
    <Panel title={name === "kinds" ? t("kinds") : t(`f.${name}`)} note={note}>
      <div className="bilingual">
        {languages.map((lang) => {
          const common = {
            label: t(`lang.${lang}`),
            required: name !== "legal_extras",
            value: props.fields[lang][name],
            error: props.faultOf(name, lang),
            onChange: (text: string) => props.onChange(lang, text),
          };
          const rows = name === "kinds" ? 12 : Math.min(10, Math.max(3, Math.ceil(common.value.length / 70)));
          return (
            <div key={lang} id={`field-${lang}-${name}`} lang={lang}>
              {name === "title" ? <TextField {...common} /> : <TextArea {...common} rows={rows} />}
            </div>
          );
        })}
      </div>
    </Panel>
  );
}
