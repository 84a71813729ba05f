import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Icon } from "../ui/icons";
import { QR } from "./qr";
import { enrol } from "./texts";
import { type Consent, grouped, type House, type ReceiptCode, receiptLink } from "./types";

/** Whether an address is reached from this device only. */
export function onlyHere(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}

/** A receipt to keep: code, QR code, and what it is about. It prints on one sheet. */
export function ReceiptCard(props: {
  code: ReceiptCode;
  consents: readonly Consent[];
  house: House | undefined;
}) {
  const t = useTexts(enrol);
  const w = useWords();
  const { code, consents, house } = props;
  return (
    <article className="receipt">
      <h2>{t("receipt.title")}</h2>
      <div className="receipt-body">
        <QR text={receiptLink(location.origin, code.code)} label={t("receipt.qr")} />
        <div>
          <p className="receipt-label">{t("receipt.code")}</p>
          <p className="receipt-code" translate="no">
            {grouped(code.code)}
          </p>
          <p>{t("receipt.until", { date: w.moment(code.expires_at) })}</p>
          <p>
            {onlyHere(location.hostname) ? (
              t("receipt.local")
            ) : (
              <>
                {t("receipt.scan")}: <span translate="no">{location.host}/me</span>
              </>
            )}
          </p>
        </div>
      </div>
      <p className="receipt-keep">
        <Icon name="info" /> {t("receipt.text")}
      </p>
      {consents.length > 0 ? (
        <>
          <h3>{t("receipt.consents")}</h3>
          <ul className="receipt-list">
            {consents.map((c) => (
              <li key={c.id}>
                <strong>{t.code("purpose", c.purpose)}</strong>
                <span>{t.code("state", c.state)}</span>
                <small>
                  {(c.zones ?? []).map((z) => t("zone.name", { zone: z })).join(", ")} ·{" "}
                  {w.moment(c.changed_at)}
                </small>
              </li>
            ))}
          </ul>
        </>
      ) : null}
      {house ? (
        <p className="receipt-foot">
          {t("receipt.controller")}: {house.controller}, {house.contact}
        </p>
      ) : null}
      <div className="answers no-print">
        <Button onPress={() => print()}>{t("receipt.print")}</Button>
      </div>
    </article>
  );
}
