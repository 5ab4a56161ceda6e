/** What a hostile page tries; functions as text, for they run in a browser. Each way answers `refused`, or what it got. */

/** On the console, whose origin is the argument. */
export const REACH_CONSOLE = `async (console) => {
        const attempt = (call) =>
          call().then(
            (said) => "got " + String(said),
            () => "refused",
          );
        const json = { "content-type": "application/json" };
        const socket = new Promise((resolve, reject) => {
          const opened = new WebSocket(\`\${console.replace("http", "ws")}/trpc?connectionParams=1\`);
          opened.onmessage = ({ data }) => resolve(data);
          opened.onclose = opened.onerror = reject;
          opened.onopen = () => opened.send('{"method":"connectionParams","data":null}');
        });
        return {
          read: await attempt(() => fetch(\`\${console}/api/users/me\`, { credentials: "include" }).then((a) => a.text())),
          refresh: await attempt(() =>
            fetch(\`\${console}/api/auth/refresh\`, { method: "POST", credentials: "include", headers: json, body: "{}" }),
          ),
          blind: await attempt(() =>
            fetch(\`\${console}/api/auth/refresh\`, { method: "POST", credentials: "include", mode: "no-cors" }).then(
              (a) => a.type === "opaque" && Promise.reject(new Error("it says nothing")),
            ),
          ),
          logout: await attempt(() =>
            fetch(\`\${console}/api/auth/logout\`, { method: "POST", credentials: "include", mode: "no-cors" }).then(
              (a) => a.type === "opaque" && Promise.reject(new Error("it says nothing")),
            ),
          ),
          socket: await attempt(() => socket),
          cookies: document.cookie,
        };
      }`;

/** On the page of another container, by every way that a page has. On a shared origin it first takes that page's path. */
export const REACH_OTHERS = `async ({ target, isShared, secret }) => {
          const attempt = (call) =>
            Promise.resolve()
              .then(call)
              .then(
                (said) => "got " + String(said),
                () => "refused",
              );
          // A page may give itself any path of its origin, and so any referrer.
          if (isShared) history.pushState(null, "", target);
          const text = (answer) => answer.text();
          const here = isShared ? "/eve/evil/web/" : "/";
          const framed = (src) =>
            new Promise((resolve, reject) => {
              const frame = document.createElement("iframe");
              const look = () => {
                const said = frame.contentDocument?.querySelector("#secret")?.textContent;
                if (said) resolve(said);
                else reject(new Error("nothing"));
              };
              frame.onload = () => {
                try {
                  look();
                } catch (error) {
                  reject(error);
                }
              };
              setTimeout(look, 1_500);
              frame.src = src;
              document.body.append(frame);
            });
          const opened = new Promise((resolve, reject) => {
            const popup = window.open(target);
            if (!popup) return reject(new Error("no popup"));
            setTimeout(() => {
              try {
                const said = popup.document.querySelector("#secret")?.textContent;
                if (said) resolve(said);
                else reject(new Error("nothing"));
              } catch (error) {
                reject(error);
              }
            }, 1_500);
          });
          const socket = new Promise((resolve, reject) => {
            const one = new WebSocket(new URL(target, location.href.replace("http", "ws")).href);
            one.onopen = resolve;
            one.onerror = reject;
          });
          const xhr = new Promise((resolve, reject) => {
            const request = new XMLHttpRequest();
            request.onload = () => resolve(request.responseText);
            request.onerror = reject;
            request.open("GET", target);
            request.send();
          });
          const blobFrame = () =>
            framed(
              URL.createObjectURL(
                new Blob(
                  [
                    \`<script>fetch(\${JSON.stringify(new URL(target, location.href).href)}).then(a=>a.text()).then(t=>{document.body.innerHTML=t})</script>\`,
                  ],
                  {
                    type: "text/html",
                  },
                ),
              ),
            );
          const options = { referrer: target, credentials: "include" };
          return {
            fetch: await attempt(() => fetch(target, isShared ? options : { credentials: "include" }).then(text)),
            post: await attempt(() => fetch(target, { method: "POST", body: "x", credentials: "include" }).then(text)),
            blind: await attempt(() =>
              fetch(target, { mode: "no-cors", credentials: "include" })
                .then(text)
                .then((said) => said || Promise.reject(new Error("nothing"))),
            ),
            redirected: await attempt(() =>
              fetch(\`\${here}to/\${encodeURIComponent(target)}\`)
                .then(text)
                .then((said) => (said.includes(secret) ? said : Promise.reject(new Error("my own")))),
            ),
            xhr: await attempt(() => xhr),
            frame: await attempt(() => framed(target)),
            blobFrame: await attempt(blobFrame),
            redirectedFrame: await attempt(() => framed(\`\${here}to/\${encodeURIComponent(target)}\`)),
            popup: await attempt(() => opened),
            socket: await attempt(() => socket),
            worker: await attempt(() =>
              isShared
                ? navigator.serviceWorker.register(\`\${here}worker.js\`)
                : Promise.reject(new Error("its own affair")),
            ),
          };
        }`;
