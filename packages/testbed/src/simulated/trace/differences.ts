interface Difference {
  calls: RegExp;
  /** Where in an exchange. */
  paths: RegExp[];
  because: string;
}

/** All in which a simulated engine may differ from a recorded one, and one real engine from another. */
export const DIFFERENCES: readonly Difference[] = [
  {
    calls: /^GET \/info$/,
    paths: [
      /^answer\.(?!DefaultRuntime$|DockerRootDir$|Driver$|LoggingDriver$|OSType$|Runtimes\.runc|SystemTime$|Swarm)/,
    ],
    because: "machines differ in what they are made of; the rest of what Berth reads is named here",
  },
  {
    calls: /^GET \/(?:containers|images)\/.+\/json$/,
    paths: [/\.GraphDriver\.Data$/, /\.State\.Pid$/, /\.NetworkSettings\.Sandbox(?:ID|Key)$/],
    because: "where an engine keeps files and namespaces is its own affair",
  },
  {
    calls: /^GET \/containers\/.+\/json$/,
    paths: [/\.Networks\.bridge\.DNSNames$/],
    because: "the default network has no DNS, and 28.5 lists names for it from the first rename on",
  },
  {
    calls: /^GET \/exec\/.+\/json$/,
    paths: [/\.Pid$/],
    because: "the kernel counts processes",
  },
  {
    calls: /^GET \/images\/.+\/json$/,
    paths: [
      /\.(?:Virtual)?Size$/,
      /\.Config\.(?:Attach\w+|Domainname|Hostname|Image|OpenStdin|StdinOnce|Tty)$/,
      /\.(?:Container|ContainerConfig|DockerVersion)$/,
    ],
    because:
      "content is simulated in part only; the others are of the container that an image was made in, unread by Berth",
  },
  {
    calls: /^GET \/images\/<registry>.+\/json$/,
    paths: [/\.RootFS\.Layers/],
    because: "an image that is made up has one layer",
  },
];
