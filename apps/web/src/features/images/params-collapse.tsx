import { Collapse } from "antd";
import { useTranslation } from "react-i18next";
import { CreateParamsFields } from "./create-params-fields.tsx";

interface ParamsCollapseProps {
  isOpen: boolean;
  onToggle: (isOpen: boolean) => void;
}

/** An image's dictionary, out of the way until somebody asks for it: or has a fault in it. */
export function ParamsCollapse({ isOpen, onToggle }: ParamsCollapseProps) {
  const { t } = useTranslation();
  return (
    <Collapse
      ghost
      activeKey={isOpen ? ["params"] : []}
      onChange={(keys) => onToggle(keys.length > 0)}
      items={[{ key: "params", label: t("builds.params"), forceRender: true, children: <CreateParamsFields /> }]}
    />
  );
}
