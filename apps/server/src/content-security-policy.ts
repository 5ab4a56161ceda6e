/** For the console. Nothing from elsewhere, no inline script, in nobody's frame. */
export const CONTENT_SECURITY_POLICY = {
  defaultSrc: ["'self'"],
  baseUri: ["'none'"],
  connectSrc: ["'self'"],
  fontSrc: ["'self'", "data:"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
  imgSrc: ["'self'", "data:", "blob:"],
  objectSrc: ["'none'"],
  // Component libraries put their styles into the page at run time.
  styleSrc: ["'self'", "'unsafe-inline'"],
};
