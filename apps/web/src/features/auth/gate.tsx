import { type FormEvent, type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/failure.tsx";
import { LANGUAGES, preferences, usePreferences } from "../../lib/preferences.ts";

interface GatePageProps {
  /** Of the page, and of the button that sends its form. */
  title: string;
  busyTitle: string;
  isBusy: boolean;
  error: { message: string } | null;
  /** What fails is told by `error`. */
  onSubmit: () => Promise<unknown>;
  /** The way to the other such page. */
  foot: ReactNode;
  children: ReactNode;
}

/** The one form of the pages before one is signed in. It needs nothing of the component library. */
export function GatePage({ title, busyTitle, isBusy, error, onSubmit, foot, children }: GatePageProps) {
  const { t } = useTranslation();
  const { language } = usePreferences();
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title, t]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSubmit().catch(() => undefined);
  };
  return (
    <main className="gate">
      <div className="gate-card">
        <header className="gate-head">
          <img src="/logo.svg" width="44" height="44" alt="" />
          <div>
            <h1>{t("app.name")}</h1>
            <p className="quiet">{t("app.tagline")}</p>
          </div>
        </header>
        <h2>{title}</h2>
        <form onSubmit={submit}>
          {children}
          <button className="primary-button" type="submit" disabled={isBusy}>
            {isBusy ? busyTitle : title}
          </button>
          {error && <Failure error={error} />}
        </form>
        <p className="quiet">{foot}</p>
      </div>
      <p className="gate-foot">
        {LANGUAGES.map((each) => (
          <button
            key={each}
            type="button"
            className="link-button"
            lang={each === "zh" ? "zh-CN" : "en"}
            aria-pressed={each === language}
            onClick={() => preferences.setLanguage(each)}
          >
            {t(`language.${each}`)}
          </button>
        ))}
      </p>
    </main>
  );
}

interface FieldProps {
  label: string;
  name: string;
  value: string;
  onChange: (value: string) => void;
  type?: "text" | "password";
  autoComplete: string;
  hint?: string;
  error?: string | null;
  required?: boolean;
}

export function GateField({ label, name, value, onChange, hint, error, type = "text", ...rest }: FieldProps) {
  const about = error ?? hint;
  return (
    <div className="gate-field">
      <label htmlFor={name}>{label}</label>
      <input
        id={name}
        name={name}
        type={type}
        value={value}
        aria-invalid={error ? true : undefined}
        aria-describedby={about === undefined ? undefined : `${name}-about`}
        autoCapitalize="none"
        spellCheck={false}
        onChange={(event) => onChange(event.target.value)}
        {...rest}
      />
      {about !== undefined && (
        <p id={`${name}-about`} className={error ? "field-error" : "quiet"}>
          {about}
        </p>
      )}
    </div>
  );
}
