import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { CopyText } from "../../../components/copy-text.tsx";

/** What one types to use it from one's own machine, and whose certificate that must trust. */
export function RegistryUse({ address, ca }: { address: string; ca: string | null }) {
  const { t } = useTranslation();
  return (
    <div className="sections registry-use">
      <section>
        <h2>{t("registry.use")}</h2>
        <div className="commands">
          <p className="quiet">
            {t("registry.use_text")} {t("registry.login_hint")}
          </p>
          <CopyText text={`docker login ${address}`} label={t("registry.login")} />
          <CopyText text={`docker pull ${address}/public/${t("registry.pull_example")}`} label={t("registry.pull")} />
        </div>
      </section>
      <section>
        <h2>{t("registry.trust")}</h2>
        <div className="commands">
          {ca === null ? (
            <>
              <p className="quiet">{t("registry.trust_plain")}</p>
              <CopyText
                text={JSON.stringify({ "insecure-registries": [address] })}
                label={t("registry.trust_plain_label")}
              />
            </>
          ) : (
            <>
              <p className="quiet">{t("registry.trust_text", { path: `/etc/docker/certs.d/${address}/ca.crt` })}</p>
              <Button href={`data:application/x-pem-file,${encodeURIComponent(ca)}`} download="ca.crt">
                {t("registry.trust_download")}
              </Button>
            </>
          )}
        </div>
      </section>
    </div>
  );
}
