import { Component, type ComponentType, createElement, type ReactNode, Suspense, use } from "react";
import { LoadFailure } from "./load-failure.tsx";

interface Manner<Props> {
  /** What is shown until it has come: nothing, unless said otherwise. */
  fallback?: ReactNode;
  /** What is shown where it does not come. */
  failure?: ComponentType<Props & Retry>;
}
interface Retry {
  onRetry: () => void;
}
// oxlint-disable-next-line no-explicit-any -- `unknown` has what a page returns looked at: the router's type, made of its pages
type PropsOf<Part> = Part extends (props: infer Props extends object) => any ? Props : object;
type Lazy<Props> = ((props: Props) => ReactNode) & { preload: () => Promise<void> };

/**
 * A component of a module that comes when it is shown first, or is preloaded. Where it does not come, that is said in its
 * place only, and it can be asked for again: of `React.lazy` and the router's own it would be lost until the page is
 * loaded anew.
 */
export function lazily<Module extends object, Name extends keyof Module>(
  importModule: () => Promise<Module>,
  name: Name,
  manner: Manner<PropsOf<Module[Name]>> = {},
): Lazy<PropsOf<Module[Name]>> {
  return lazy(async () => (await importModule())[name] as ComponentType<PropsOf<Module[Name]>>, manner);
}

function lazy<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  { fallback = null, failure = LoadFailure }: Manner<Props>,
): Lazy<Props> {
  let loaded: ComponentType<Props> | undefined;
  let loading: Promise<ComponentType<Props>> | undefined;
  const begin = async (): Promise<ComponentType<Props>> => {
    try {
      return (loaded = await load());
    } catch (cause) {
      throw new LoadError("a part of the console was not loaded", { cause });
    }
  };
  const forgetFailure = (): void => {
    if (!loaded) loading = undefined;
  };
  function Loaded(props: Props) {
    return createElement<Props>(loaded ?? use((loading ??= begin())), props);
  }
  function Lazily(props: Props) {
    return (
      <LoadBoundary failure={failure as ComponentType<Retry>} around={props} onFailure={forgetFailure}>
        <Suspense fallback={fallback}>
          <Loaded {...props} />
        </Suspense>
      </LoadBoundary>
    );
  }
  return Object.assign(Lazily, { preload: () => (loading ??= begin()).then(() => undefined, forgetFailure) });
}

class LoadError extends Error {}

interface BoundaryProps {
  failure: ComponentType<Retry>;
  /** The props of what did not come. */
  around: object;
  onFailure: () => void;
  children: ReactNode;
}

/** Keeps to itself that code did not come; every other error is its page's. */
class LoadBoundary extends Component<BoundaryProps, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override componentDidCatch(): void {
    this.props.onFailure();
  }

  override render(): ReactNode {
    const { error } = this.state;
    const { failure, around, children } = this.props;
    if (error === null) return children;
    if (!(error instanceof LoadError)) throw error;
    return createElement(failure, { ...around, onRetry: () => this.setState({ error: null }) });
  }
}
