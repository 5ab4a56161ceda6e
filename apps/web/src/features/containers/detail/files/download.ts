const FRAME = "berth-download";

/**
 * Has the browser save by itself what the ticket stands for, so that nothing of it is held by this page. As a form: an
 * address would be kept in the history and in logs. Into a frame, or the page would be taken for one that is being left.
 */
export function saveWith(ticket: string): void {
  const frame = document.querySelector(`iframe[name="${FRAME}"]`) ?? document.createElement("iframe");
  frame.setAttribute("name", FRAME);
  frame.setAttribute("hidden", "");
  const form = document.createElement("form");
  form.method = "POST";
  form.action = "/files/download";
  form.target = FRAME;
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "ticket";
  field.value = ticket;
  form.append(field);
  document.body.append(frame, form);
  form.submit();
  form.remove();
}
