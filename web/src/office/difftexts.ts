import { texts } from "../i18n/texts";

export const diffTexts = texts(
  {
    gone: "removed:",
    new: "added:",
    same: "The words are the same.",
    unchanged: "{n} other fields are unchanged.",
  },
  {
    gone: "已删除：",
    new: "已新增：",
    same: "文字没有变化。",
    unchanged: "其余 {n} 个字段未变。",
  },
);
