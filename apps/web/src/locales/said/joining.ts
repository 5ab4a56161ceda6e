/** 接入脚本在服务器上检查的结果，和解决办法。 */
export const joining = {
  "This is root.": "以 root 运行。",
  "This is not root.": "不是以 root 运行。",
  "run it with sudo": "用 sudo 运行",
  "There is no docker command.": "没有 docker 命令。",
  "install Docker 20.10 or newer: https://docs.docker.com/engine/install/":
    "安装 Docker 20.10 或更新：https://docs.docker.com/engine/install/",
  "Docker does not answer on {}.": "Docker 在 {0} 上没有响应。",
  "systemctl enable --now docker (or --docker-socket, where it is elsewhere)":
    "systemctl enable --now docker（套接字在别处的话，用 --docker-socket）",
  "Docker {} answers.": "Docker {0} 有响应。",
  "Docker {} is too old.": "Docker {0} 太旧。",
  "upgrade it to 20.10 or newer: https://docs.docker.com/engine/install/":
    "升级到 20.10 或更新：https://docs.docker.com/engine/install/",
  "nvidia is the default runtime: any image that asks for it gets every GPU, whoever holds them.":
    "nvidia 是默认运行时：镜像只要提出，就能用到所有 GPU，不管它们归谁。",
  'take "default-runtime" out of {}, set accept-nvidia-visible-devices-envvar-when-unprivileged = false in /etc/nvidia-container-runtime/config.toml, and restart Docker':
    '从 {0} 里去掉 "default-runtime"，在 /etc/nvidia-container-runtime/config.toml 里设置 accept-nvidia-visible-devices-envvar-when-unprivileged = false，然后重启 Docker',
  "{} is not a JSON object.": "{0} 不是一个 JSON 对象。",
  "mend it: Docker would not start with it, either": "请改正它，否则 Docker 也启动不了",
  "Docker listens on TCP already, or has TLS settings of its own.": "Docker 已经监听 TCP，或者已有自己的 TLS 设置。",
  "add this server in Berth by its address and certificates, or take those settings out and run this again":
    "在 Berth 里按地址和证书添加这台服务器，或者去掉这些设置再运行一次",
  "Docker is started with -H, which its settings must not repeat.": "Docker 的启动参数里有 -H，设置里不能再写一次。",
  'put it into {} as "hosts" instead, and restart Docker': '改为在 {0} 里写 "hosts"，然后重启 Docker',
  "systemd does not run Docker here.": "这里的 Docker 不是由 systemd 运行。",
  "say how Docker is restarted: --restart-command 'service docker restart'":
    "说明怎样重启 Docker：--restart-command 'service docker restart'",
  "docker.service has no ExecStart that this script can read.": "docker.service 里没有脚本能读懂的 ExecStart。",
  "look at: systemctl cat docker.service": "看看 systemctl cat docker.service",
  "This server has no nvidia-smi, so no GPU that Berth could give.":
    "这台服务器没有 nvidia-smi，Berth 没有 GPU 可以分配。",
  "where it has one, install the NVIDIA driver first": "如果有 GPU，请先安装 NVIDIA 驱动",
  "No image is here to try the GPUs with.": "没有镜像可以用来试 GPU。",
  "Containers can use the GPUs (tried with {}).": "容器可以使用 GPU（用 {0} 试过）。",
  "Docker can't use the GPUs.": "Docker 用不了 GPU。",
  "install the NVIDIA Container Toolkit, then: nvidia-ctk runtime configure --runtime=docker && systemctl restart docker":
    "安装 NVIDIA Container Toolkit，然后运行 nvidia-ctk runtime configure --runtime=docker && systemctl restart docker",
  "{} (or --skip-gpu-check)": "{0}（或加上 --skip-gpu-check）",
  "The GPUs could not be tried with {}.": "没能用 {0} 试 GPU。",
  "Docker's disk has {} MiB left.": "Docker 的磁盘还剩 {0} MiB。",
  'make room (docker system df), or move it: "data-root" in daemon.json':
    '腾出空间（docker system df），或者用 daemon.json 里的 "data-root" 换个地方',
  "Docker's disk has {} GiB left.": "Docker 的磁盘还剩 {0} GiB。",
  'images with CUDA need 10 GiB each: think of a larger disk for "data-root"':
    '带 CUDA 的镜像每个要 10 GiB，可以考虑给 "data-root" 换更大的磁盘',
  "Neither curl nor wget is here.": "没有 curl，也没有 wget。",
  "install curl": "安装 curl",
  "openssl is not here.": "没有 openssl。",
  "install openssl": "安装 openssl",
  "Berth does not answer at {}: {}": "Berth 在 {0} 没有响应：{1}",
  "look at the network and the firewall between": "检查中间的网络和防火墙",
  "Berth answers, but not what time it is.": "Berth 有响应，但没有说现在几点。",
  "compare the clocks by hand: date -u": "手动对一下时钟：date -u",
  "The clock is {} seconds away from Berth's: certificates would not be good.":
    "时钟和 Berth 差 {0} 秒，证书会因此无效。",
  "timedatectl set-ntp true (or set it by hand)": "timedatectl set-ntp true（或者手动校准）",
  "Berth answers, and the clocks agree within {} seconds.": "Berth 有响应，时钟相差不超过 {0} 秒。",
  "By which address Berth reaches this server could not be found out.": "没能确定 Berth 用哪个地址访问这台服务器。",
  "give it: --address 10.0.0.5": "请指定：--address 10.0.0.5",
  "Berth is to reach this server at {}.": "Berth 将通过 {0} 访问这台服务器。",
  "Another program listens on port {}.": "端口 {0} 已被别的程序占用。",
  "choose another one: --port {}": "换一个：--port {0}",
  "ufw is active.": "ufw 已启用。",
  "let Berth in: ufw allow from ADDRESS-OF-BERTH {} {} proto tcp":
    "让 Berth 进来：ufw allow from Berth的地址 {0} {1} proto tcp",
  "firewalld is active.": "firewalld 已启用。",
  "let Berth in: firewall-cmd --permanent --add-port={}/tcp && firewall-cmd --reload":
    "让 Berth 进来：firewall-cmd --permanent --add-port={0}/tcp && firewall-cmd --reload",
  "nftables drops what is not allowed.": "nftables 会丢弃没有放行的连接。",
  "let Berth in: a rule for tcp dport {} in the input chain": "让 Berth 进来：在 input 链里放行 tcp dport {0}",
  "Berth's registry at {} speaks plain http.": "Berth 的镜像仓库 {0} 使用不加密的 HTTP。",
  'list it under "insecure-registries" in {}, and reload Docker':
    '在 {0} 的 "insecure-registries" 里加上它，然后让 Docker 重新读取设置',
};
