/**
 * What the registry at `HOST:PORT` itself says: `docker` alone would only tell what an engine believes. `name` is
 * `repository:tag`, or `repository:sha256:…` of a manifest.
 */
export async function digestOnRegistry(address: string, name: string): Promise<string | null> {
  const colon = name.indexOf(":");
  const [repository, tag] = [name.slice(0, colon), name.slice(colon + 1)];
  const accept = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
  ].join();
  const answer = await fetch(`http://${address}/v2/${repository}/manifests/${tag}`, {
    method: "HEAD",
    headers: { accept },
  });
  return answer.ok ? answer.headers.get("docker-content-digest") : null;
}
