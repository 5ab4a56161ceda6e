/** Docker 引擎和镜像仓库：地址、连接和回答。 */
export const engine = {
  "This is not the URL of a Docker engine: write unix:///var/run/docker.sock, tcp://10.0.0.5:2376 or ssh://root@10.0.0.5.":
    "这不是 Docker 引擎的地址，请写成 unix:///var/run/docker.sock、tcp://10.0.0.5:2376 或 ssh://root@10.0.0.5。",
  "An http:// URL uses no certificates: write https:// or leave them out.":
    "http:// 地址不用证书：请写 https://，或者不填证书。",
  "The scheme {}:// is not one of a Docker engine: write unix:///var/run/docker.sock, tcp://10.0.0.5:2376 or ssh://root@10.0.0.5.":
    "Docker 引擎不用 {0}://，请写成 unix:///var/run/docker.sock、tcp://10.0.0.5:2376 或 ssh://root@10.0.0.5。",
  "A socket's URL has three slashes and a path: write unix:///var/run/docker.sock.":
    "套接字的地址有三个斜杠和路径，请写成 unix:///var/run/docker.sock。",
  "An https:// URL needs three PEM files: the authority (ca.pem), and the client's certificate and key (cert.pem, key.pem).":
    "https:// 地址需要三个 PEM 文件：CA 证书（ca.pem）、客户端证书和私钥（cert.pem、key.pem）。",
  "The client key (key.pem) is encrypted: decrypt it with `openssl pkey -in key.pem`.":
    "客户端私钥（key.pem）有密码，请用 `openssl pkey -in key.pem` 解密。",
  "Without certificates, whoever reaches this port is root on the machine: give ca, cert and key, or allow insecure access.":
    "没有证书，能访问这个端口的人就是机器上的 root：请填写三项证书，或者允许不加密的访问。",
  "An ssh:// URL uses no certificates: leave them out.": "ssh:// 地址不用证书，请不要填。",
  "Say as whom Berth signs in there: ssh://root@10.0.0.5.": "请写上 Berth 以哪个用户登录，例如 ssh://root@10.0.0.5。",
  "An engine over ssh is not possible here: use a socket, or TCP with TLS.":
    "这里不能通过 SSH 连接引擎，请用套接字，或者带 TLS 的 TCP。",
  "A Docker engine takes no user name or password in its URL: remove them.": "地址里不要写用户名和密码。",
  "The host is missing: write unix:///var/run/docker.sock, tcp://10.0.0.5:2376 or ssh://root@10.0.0.5.":
    "缺少主机，请写成 unix:///var/run/docker.sock、tcp://10.0.0.5:2376 或 ssh://root@10.0.0.5。",
  "A Docker engine's URL ends after its port: remove what follows.": "地址到端口为止，请去掉后面的内容。",
  '{} is not in PEM form: it must hold a line "-----BEGIN {}-----".':
    "{0}不是 PEM 格式：里面要有“-----BEGIN {1}-----”这一行。",
  "The authority (ca.pem)": "CA 证书（ca.pem）",
  "The client certificate (cert.pem)": "客户端证书（cert.pem）",
  "The client key (key.pem)": "客户端私钥（key.pem）",
  "Not a PEM text.": "不是 PEM 格式的内容。",

  "The Docker engine speaks API {}; Berth needs 1.41 (Docker 20.10) or newer. Upgrade Docker there.":
    "那里的 Docker 引擎使用 API {0}，Berth 需要 1.41（Docker 20.10）或更新，请升级 Docker。",
  "The connection to the Docker engine was lost in the middle of its answer.": "Docker 引擎回答到一半，连接断开了。",
  "The connection to the Docker engine was closed.": "和 Docker 引擎的连接已关闭。",
  "The call was cancelled.": "请求已取消。",
  "The call has ended.": "请求已结束。",
  "The Docker engine did not answer within {}.": "Docker 引擎在 {0} 内没有回答。",
  "What was to be sent to the Docker engine could not be read to its end.": "要发给 Docker 引擎的内容没能读完。",
  "The address or the certificates of the Docker engine {} cannot be used.": "Docker 引擎{0} 的地址或证书不能使用。",
  "The Docker engine {} took no connection within {}.": "Docker 引擎{0} 在 {1} 内没有接受连接。",
  "What answered is not a Docker engine, or its answer was cut: {}.": "回答的不是 Docker 引擎，或者回答不完整：{0}。",
  "The Docker engine wants TLS: use an https:// or tcp:// URL with certificates.":
    "Docker 引擎要求 TLS，请用带证书的 https:// 或 tcp:// 地址。",
  "The Docker engine {} refused the TLS connection: check its certificates.":
    "Docker 引擎{0} 拒绝了 TLS 连接，请检查它的证书。",
  "The certificate of the Docker engine {} is not accepted ({}).": "Docker 引擎{0} 的证书不被接受（{1}）。",
  "The connection to the Docker engine {} was lost.": "和 Docker 引擎{0} 的连接断开了。",
  "The Docker engine {} cannot be reached: {}.": "连接不上 Docker 引擎{0}：{1}。",
  "The Docker engine {} cannot be reached over ssh: {}.": "通过 SSH 连接不上 Docker 引擎{0}：{1}。",
  "The server {} shows another host key ({}) than when it was first met ({}): it was installed anew, or somebody is between. Compare it there (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then add the machine again.":
    "服务器 {0} 的主机密钥（{1}）和第一次见到的（{2}）不一样：它重装过，或者中间有人。请在那里核对（ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub），然后重新添加这台机器。",
  "The server {} does not let {} in with Berth's key.": "服务器 {0} 不让 {1} 用 Berth 的公钥登录。",
  "The Docker engine ended its event stream.": "Docker 引擎结束了事件流。",
  "The connection to the Docker engine was lost while a command ran.": "命令运行时，和 Docker 引擎的连接断开了。",
  "The command's connection was closed.": "命令的连接已关闭。",
  "The container stopped before the command was started.": "命令启动之前，容器停止了。",
  "The connection to the Docker engine was lost while a terminal was open.": "终端打开时，和 Docker 引擎的连接断开了。",
  "on this machine": "（本机）",
  "at {}:{}": "（{=0}:{=1}）",
  "it is not running, or its socket is elsewhere": "它没有在运行，或者套接字在别处",
  "nothing listens there": "那里没有程序在监听",
  "this process may not use its socket": "没有使用它的套接字的权限",
  "its host name is not known": "找不到这个主机名",
  "there is no route to it": "没有到它的路由",
  "it closed the connection at once": "它立刻关闭了连接",
  "this process has too many open files": "打开的文件太多",
  "the connection failed": "连接失败",
  "the connection was lost": "连接断开了",
  "the ssh connection was lost": "SSH 连接断开了",
  "it does not speak HTTP": "它不使用 HTTP",
  "it opened no channel in time": "它没有及时打开通道",
  "it took no connection in time": "它没有及时接受连接",
  "Docker's socket was not opened (check that Docker runs there, that {} may use {}, and that sshd allows forwarding)":
    "没能打开 Docker 的套接字，请检查那里的 Docker 是否在运行、{0} 能否使用 {1}、sshd 是否允许转发",
  "HTTP {}, a redirect, which is not followed": "HTTP {0}，是重定向，不会跟随",
  "HTTP {} ({}) without Docker's error message": "HTTP {0}（{1}），没有 Docker 的错误说明",
  "its answer is not JSON": "它的回答不是 JSON",
  "more than {} bytes": "超过 {0} 字节",

  "The registry did not answer within {}.": "镜像仓库在 {0} 内没有回答。",
  "What answered is not a registry, or its answer was cut: {}.": "回答的不是镜像仓库，或者回答不完整：{0}。",
  "The registry wants TLS: use an https:// URL.": "镜像仓库要求 TLS，请用 https:// 地址。",
  "The registry answered {}: {}.": "镜像仓库回答 {0}：{1}。",
  "The registry at {} refused the TLS connection.": "镜像仓库 {0} 拒绝了 TLS 连接。",
  "The certificate of the registry at {} is not accepted ({}).": "镜像仓库 {0} 的证书不被接受（{1}）。",
  "The registry at {} can't be reached: {}.": "连接不上镜像仓库 {0}：{1}。",
  "The connection to the registry was closed.": "和镜像仓库的连接已关闭。",
};
