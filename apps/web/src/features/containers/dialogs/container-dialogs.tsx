import "./dialogs.css";
import { useStore } from "../../../lib/store.ts";
import { BusyDialog } from "./busy-dialog.tsx";
import { containerDialog } from "./dialog-store.ts";
import { MoveDialog } from "./move-dialog.tsx";
import { RecreateDialog } from "./recreate-dialog.tsx";
import { RemoveDialog } from "./remove-dialog.tsx";
import { RestoreDialog } from "./restore-dialog.tsx";
import { SaveDialog } from "./save-dialog.tsx";

/** The dialog about a container that is open, if any: the same from the list and from the container's page. */
export function ContainerDialogs({ onClose }: { onClose: () => void }) {
  const open = useStore(containerDialog);
  switch (open?.kind) {
    case "busy":
      return <BusyDialog {...open} onClose={onClose} />;
    case "save":
      return <SaveDialog {...open} onClose={onClose} />;
    case "move":
      return <MoveDialog {...open} onClose={onClose} />;
    case "recreate":
      return <RecreateDialog {...open} onClose={onClose} />;
    case "restore":
      return <RestoreDialog {...open} onClose={onClose} />;
    case "remove":
      return <RemoveDialog {...open} onClose={onClose} />;
    default:
      return null;
  }
}
