export const storages = {
  "There is no storage {}.": "没有存储 {0}。",
  "There is no storage {}: choose of those that GET /api/storages lists.": "没有存储 {0}，请从“存储”页面列出的里面选。",
  "There are {} storages, and no more are possible.": "已有 {0} 个存储，不能再多了。",
  "There is a storage {} already: on {}.": "已经有存储 {0} 了：在 {1} 上。",
  "Containers use {}: {}.": "有容器在用 {0}：{1}。",
  "A home is each user's own.": "家目录是每个用户一个。",
  "A dataset is one for all.": "数据集是所有人共用的。",
  "{} and {} of the storage {} are one in the other: give each a directory of its own.":
    "{0} 和存储 {2} 的 {1} 一个在另一个里面，请各用各的目录。",
  "On {} {} is a {}: what is another thing has another name.": "{0} 上的 {1} 是{~2}；不同的存储请用不同的名称。",
  "On {} {} is a {} for all: what is another thing has another name.":
    "{0} 上的 {1} 是所有人共用的{~2}；不同的存储请用不同的名称。",
  "On {} {} is a {} a user: what is another thing has another name.":
    "{0} 上的 {1} 是每个用户一份的{~2}；不同的存储请用不同的名称。",
  home: "家目录",
  dataset: "数据集",
  scratch: "临时空间",
  "every machine": "所有机器",
  "A storage is named by a-z, 0-9 and single - between them, starting with a letter.":
    "存储名由 a-z、0-9 和它们之间单个的 - 组成，以字母开头。",
  "An absolute path in the container, without . or .. or a slash at its end; not / itself.":
    "写容器里的绝对路径，不含 . 或 ..，结尾没有 /，也不能是 / 本身。",
  "Not in {}.": "不能在 {0} 里。",
  "{} and {}: one mount can't lie in another.": "{0} 和 {1}：一个挂载不能在另一个里面。",
  "An absolute path on the machine, without . or .. or a slash at its end; not / itself.":
    "写机器上的绝对路径，不含 . 或 ..，结尾没有 /，也不能是 / 本身。",
  "{} belongs to the machine itself: choose a directory for data alone, such as /srv/homes.":
    "{0} 属于系统本身，请选一个专门放数据的目录，例如 /srv/homes。",
  "The storage {} is not on {}, but on {}.": "存储 {0} 不在 {1} 上，而在 {2} 上。",
  "No machine has all of these storages: {}.": "没有一台机器同时有这些存储：{0}。",
  "The storage {} is not on this machine any more.": "存储 {0} 已经不在这台机器上。",
  "The volume {} is there and not Berth's: an admin looks what it is.":
    "卷 {0} 已经存在，但不是 Berth 创建的，请管理员看看它是什么。",
  "The directory of the storage {} is not on this machine: an admin makes it.":
    "存储 {0} 的目录不在这台机器上，请管理员创建。",
};
