import { messageOf } from "../lib/messages.ts";

export function Failure({ error, onRetry }: { error: { message: string }; onRetry?: () => void }) {
  return (
    <div className="failure" role="alert">
      <span>{messageOf(error)}</span>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
