/** 机器：添加、接入、状况。 */
export const machines = {
  "Not a machine's id.": "不是机器的 ID。",
  "1 to 63 letters, digits, dots and dashes.": "1 到 63 个字母、数字、点或短横线。",
  "The first port is above the last.": "起始端口比结束端口大。",
  "Not a GPU's uuid.": "不是 GPU 的 UUID。",
  "At most 64 GPUs.": "最多 64 块 GPU。",
  "There is no machine {}.": "没有机器 {0}。",
  "This engine is machine {} already.": "这个引擎已经是机器 {0}。",
  "Another machine has the id {}.": "另一台机器的 ID 是 {0}。",
  "Another machine is called {}.": "另一台机器的名称是 {0}，请换一个。",
  "Another machine has this name or address.": "另一台机器用了这个名称或地址。",
  "Another engine answers at {}: add it as a machine of its own.": "{0} 上是另一个引擎，请把它作为另一台机器添加。",
  "{} is the engine that Berth knows: there is nothing to accept.": "{0} 还是 Berth 认识的引擎，没有需要接受的。",
  "The engine at {} is machine {}: correct the address.": "{0} 上的引擎是机器 {1}，请改正地址。",
  "The simulated engine's labels don't describe a machine: {}": "模拟引擎的标签没有说明一台机器：{0}",
  "The machine does not answer: {}": "机器没有响应：{0}",
  "The engine has a volume {} that Berth did not make. Remove it there: docker volume rm {}":
    "引擎上有一个不是 Berth 创建的卷 {0}，请在那里删除：docker volume rm {1}",
  "The engine at {} can't be used: {}. {}": "{0} 上的引擎不能使用：{1}。{2}",
  "no answer within 5 seconds": "5 秒内没有回答",
  "Check that Docker runs there, that it listens on this address, and that no firewall is between.":
    "请检查那里的 Docker 是否在运行、是否监听这个地址、中间有没有防火墙。",
  "Check the address, the certificates and Docker's version (20.10 or newer).":
    "请检查地址、证书和 Docker 的版本（20.10 或更新）。",
  "Berth signs in with this key, which must be a line of ~/.ssh/authorized_keys there, of a user who may use Docker: {}":
    "Berth 用这个公钥登录，它必须是那里某个能使用 Docker 的用户的 ~/.ssh/authorized_keys 里的一行：{0}",
  "Containers are on {}: {}.": "{0} 上还有容器：{1}。",
  "Images are made on {}: {}. Wait for them, or delete them.": "{0} 正在制作镜像：{1}。请等它们完成，或者删除它们。",
  "Another machine could not reach the registry at {}, an address that leads every host to itself: set BERTH_REGISTRY to an address of it that the machines reach, such as 10.0.0.1:5000, and start Berth again.":
    "别的机器访问不到 {0} 的镜像仓库，这个地址在每台主机上都指向它自己：请把 BERTH_REGISTRY 设为机器能访问的地址，例如 10.0.0.1:5000，然后重启 Berth。",
  "Another machine could not reach the registry at {}, an address that leads every host to itself: set BERTH_REGISTRY_LISTEN and BERTH_REGISTRY_PUBLIC to an address of this host that the machines reach, such as 10.0.0.1:5000, and start Berth again.":
    "别的机器访问不到 {0} 的镜像仓库，这个地址在每台主机上都指向它自己：请把 BERTH_REGISTRY_LISTEN 和 BERTH_REGISTRY_PUBLIC 设为机器能访问的本机地址，例如 10.0.0.1:5000，然后重启 Berth。",
  "{} answers: drain it, delete what is left, and remove it then. Only a machine that is away can be forgotten.":
    "{0} 在线：请先腾空它，删除剩下的，再移除。只有离线的机器才能遗忘。",
  "{} came to that machine just now: try again.": "{0} 刚刚放到那台机器上，请再试一次。",

  "There is no join token {}.": "没有接入令牌 {0}。",
  "{} join tokens are open already: revoke some, or use them.":
    "已有 {0} 个接入令牌没有用掉，请撤销一些，或者先用它们。",
  "Set BERTH_PUBLIC_URL to where GPU servers reach Berth, and start it again.":
    "请把 BERTH_PUBLIC_URL 设为 GPU 服务器能访问 Berth 的地址，然后重启 Berth。",
  "Only this host itself reaches Berth at {}: set BERTH_HOST and BERTH_PUBLIC_URL to an address that GPU servers reach, start Berth again, and make another token.":
    "只有本机能在 {0} 访问 Berth：请把 BERTH_HOST 和 BERTH_PUBLIC_URL 设为 GPU 服务器能访问的地址，重启 Berth，再生成一个令牌。",

  "The GPUs can't be read: {} Look at the driver on the machine; after an update of it, reboot.":
    "读不到 GPU：{0} 请看看机器上的驱动；如果刚更新过驱动，请重启机器。",
  "{} Look at the machine: see dmesg for Xid errors, and reboot it where the GPU should be there.":
    "{0}。请看看这台机器：在 dmesg 里找 Xid 错误；GPU 应该还在的话，请重启机器。",
  "{} is not there any more ({}).": "{0} 已经不见了（{1}）。",
  "no container holds it": "没有容器占用它",
  "held by {}": "占用它的容器：{0}",
  "The machine's clock is more than half a minute ahead of Berth's. Nothing depends on it but the times in logs: see whether NTP runs there.":
    "这台机器的时钟比 Berth 快半分钟以上。这只影响日志里的时间，请看看那里的 NTP 是否在运行。",
  "The machine's clock is more than half a minute behind Berth's. Nothing depends on it but the times in logs: see whether NTP runs there.":
    "这台机器的时钟比 Berth 慢半分钟以上。这只影响日志里的时间，请看看那里的 NTP 是否在运行。",
  'Berth\'s own image for machines was not made yet: see what npm start says of it, or run "npm run system-image" on a Debian or Ubuntu host that reaches the database.':
    "Berth 给机器用的镜像还没有做好：请看 npm start 对它的说明，或者在能访问数据库的 Debian 或 Ubuntu 主机上运行 npm run system-image。",
  "Berth's own container can't run there: {}": "Berth 自己的容器在那里运行不了：{0}",
  "another container is called {}: rename or remove it there": "另有一个名为 {0} 的容器，请在那里改名或删除",
  "Docker's disk is full ({}). Images of Berth's that nothing uses are removed. Where that is not enough: delete containers or images there, remove what is not Berth's, or add space.":
    "Docker 的磁盘满了（{0}）。Berth 放上去而没有用到的镜像正在移除。还不够的话，请删除那里的容器或镜像，清理不属于 Berth 的东西，或者增加空间。",
  "More than 85 % of the disk that Docker's data is on was used, and it is not below 80 % yet. Images of Berth's that nothing uses are removed. Where that is not enough: delete containers or images there, or add space.":
    "Docker 数据所在的磁盘用了超过 85%，现在还没有降到 80% 以下。Berth 放上去而没有用到的镜像正在移除。还不够的话，请删除那里的容器或镜像，或者增加空间。",
  "The engine at {} is not the one that was added: its disk bears another mark. If the machine was reinstalled, remove it and add it again; if its address changed, correct the address.":
    "{0} 上的引擎不是原来添加的那个：磁盘上的标记不同。如果机器重装过，请移除后重新添加；如果地址变了，请改正地址。",
  "None of the {} containers that are known on {} are there, and its disk bears no mark. Nothing is changed on it: see whether Docker's data disk is mounted.":
    "{1} 上应有的 {0} 个容器一个也不在，磁盘上也没有标记。Berth 不会改动它，请看看 Docker 的数据盘是否挂载了。",
  "Another Berth marked the engine at {} at the same moment.": "另一个 Berth 在同一时刻标记了 {0} 上的引擎。",
  "Changes by hand are seen a minute later.": "手动的改动要一分钟后才能看到。",
  "The engine answers lists, but does not finish what it is asked to do: look at containerd on the machine.":
    "引擎能列出容器，却完不成要做的事，请看看机器上的 containerd。",
  "Containers of this Berth that its database does not know: {}. They are left alone.":
    "有属于这个 Berth、但数据库不认识的容器：{0}。Berth 不会动它们。",
  "The engine answers.": "引擎恢复响应。",
  "This machine's engine does not reach the registry ({}): look at BERTH_REGISTRY_PUBLIC, the network between, and the certificate in /etc/docker/certs.d on the machine.":
    "这台机器的引擎访问不到镜像仓库（{0}）：请看看 BERTH_REGISTRY_PUBLIC、中间的网络，以及机器上 /etc/docker/certs.d 里的证书。",
  "The registry refuses this machine's engine ({}): is its certificate of Berth's token keys the one that Berth has now?":
    "镜像仓库拒绝了这台机器的引擎（{0}）：它那份 Berth 令牌证书和 Berth 现在的一致吗？",
  "Machine {} does not have Berth's own image yet, which a connection into a container needs. It is brought there soon: try again in a minute.":
    "机器 {0} 上还没有 Berth 自己的镜像，而连接容器要用到它。很快就会送到，请一分钟后再试。",
  "The relay was not ready in time.": "中转程序没有及时准备好。",
  "The relay said: {}": "中转程序说：{0}",
};
