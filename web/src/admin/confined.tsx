import type { Camera } from "../api/client";
import { texts, useTexts } from "../i18n/texts";
import { Chip } from "../kit/page";
import { Icon } from "../ui/icons";

const confinedTexts = texts(
  {
    full: "confined",
    partial: "partly confined",
    none: "not confined",
    "out.title": "The kernel does not hold every camera’s process as far as it should: {names}",
    out: "Whoever took such a process over through the camera’s stream would reach more than that camera. Pictures leave masked as ever. On that machine “bystander doctor” says what is missing: Linux 6.7 or newer with Landlock among its security modules (5.13 holds files alone); in a container, a seccomp profile that allows landlock_* and seccomp. Then restart.",
  },
  {
    full: "已隔离",
    partial: "部分隔离",
    none: "未隔离",
    "out.title": "以下摄像头的取流进程未受内核充分隔离：{names}",
    out: "若有人通过视频流控制了该进程，其可触及的范围将超出该摄像头。输出画面仍照常遮蔽。请在相应机器上运行 bystander doctor 查看缺少什么：需要 Linux 6.7 或更高版本，并启用 Landlock 安全模块（5.13 起仅能限制文件访问）；在容器中，seccomp 配置须允许 landlock_* 和 seccomp。处理后请重启程序。",
  },
);

const tones = { full: "good", partial: "warn", none: "bad" } as const;

/** How far the kernel holds a camera’s process; a dash where nobody knows yet. */
export function Confined({ of }: { of: Camera }) {
  const t = useTexts(confinedTexts);
  return of.confined ? <Chip tone={tones[of.confined]}>{t(of.confined)}</Chip> : "–";
}

/** The way out, where some camera’s process is not held as far as it should be. */
export function ConfinedNote({ list }: { list: readonly Camera[] }) {
  const t = useTexts(confinedTexts);
  const loose = list.filter((c) => c.confined === "partial" || c.confined === "none");
  if (loose.length === 0) return null;
  const names = loose.map((c) => (c.edge ? `${c.name} (${c.edge})` : c.name)).join(", ");
  return (
    <div className="note warn">
      <Icon name="warn" />
      <div>
        <strong>{t("out.title", { names })}</strong>
        <p>{t("out")}</p>
      </div>
    </div>
  );
}
