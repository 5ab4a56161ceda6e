/** `ssh -p PORT user@host`, or with the port behind, as Remote-SSH takes it. */
export function vscodeLink(command: string): string {
  const [, user = "", host = ""] = /(\S+)@(\S+)/.exec(command) ?? [];
  const port = /-p (\d+)/.exec(command)?.[1];
  return `vscode://vscode-remote/ssh-remote+${encodeURIComponent(`${user}@${host}${port ? `:${port}` : ""}`)}/root`;
}
