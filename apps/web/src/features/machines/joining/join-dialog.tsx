import "./joining.css";
import { Modal, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { AddByAddress } from "./add-by-address.tsx";
import { AddBySsh } from "./add-by-ssh.tsx";
import { JoinLine } from "./join-line.tsx";
import type { LastJoinLine } from "./use-join-line.ts";

const WAYS = ["line", "ssh", "address"] as const;
type Way = (typeof WAYS)[number];

interface JoinDialogProps {
  way: Way;
  onWay: (way: Way) => void;
  line: LastJoinLine;
  onClose: () => void;
}

/** How a GPU server comes to Berth: by a line that is pasted there, or by its address. */
export function JoinDialog({ way, onWay, line, onClose }: JoinDialogProps) {
  const { t } = useTranslation();
  return (
    <Modal open title={t("machines.join")} onCancel={onClose} footer={null} width={760}>
      <div className="joining">
        <div>
          <Segmented
            aria-label={t("joining.way")}
            value={way}
            options={WAYS.map((value) => ({ value, label: t(`joining.ways.${value}`) }))}
            onChange={onWay}
          />
        </div>
        {way === "line" && <JoinLine line={line} />}
        {way === "ssh" && <AddBySsh />}
        {way === "address" && <AddByAddress />}
      </div>
    </Modal>
  );
}
