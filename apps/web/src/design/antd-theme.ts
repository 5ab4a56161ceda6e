import { theme, type ThemeConfig } from "antd";
import { type Mode, PALETTES } from "./palette.ts";

const mix = (colour: string, base: string, percent = 10): string =>
  `color-mix(in srgb, ${colour} ${percent}%, ${base})`;

/** Berth's own look, calm and dense, in the terms of the component library. */
export function antdTheme(mode: Mode): ThemeConfig {
  const { ink, quiet, paper, card, line, accent, on_accent, good, busy, bad } = PALETTES[mode];
  return {
    algorithm: mode === "dark" ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      colorPrimary: accent,
      colorInfo: accent,
      colorLink: accent,
      colorSuccess: good,
      colorWarning: busy,
      colorError: bad,
      colorText: ink,
      colorTextSecondary: quiet,
      colorTextTertiary: quiet,
      colorTextDescription: quiet,
      colorTextPlaceholder: quiet,
      colorBgLayout: paper,
      colorBgContainer: card,
      colorBgElevated: card,
      colorBorder: line,
      colorBorderSecondary: line,
      colorTextLightSolid: on_accent,
      colorInfoBg: mix(accent, card),
      colorInfoBorder: mix(accent, card, 40),
      colorSuccessBg: mix(good, card),
      colorSuccessBorder: mix(good, card, 40),
      colorErrorBg: mix(bad, card),
      colorErrorBorder: mix(bad, card, 40),
      colorWarningBg: mix(busy, card),
      colorWarningBorder: mix(busy, card, 40),
      // A motion that a busy page never ends leaves what should have gone, such as a button's spinner.
      motion: false,
      borderRadius: 6,
      controlHeight: 32,
      fontSize: 14,
      fontFamily: "var(--text-font)",
      fontFamilyCode: "var(--code-font)",
      motionDurationMid: "0.12s",
      motionDurationSlow: "0.18s",
      wireframe: false,
    },
    components: {
      Table: { cellPaddingBlockSM: 6, cellPaddingInlineSM: 10, headerBg: card },
      Layout: { headerBg: card, siderBg: card, bodyBg: paper, headerHeight: 52, headerPadding: "0 16px" },
      Menu: { itemHeight: 34, activeBarBorderWidth: 0 },
      Card: { bodyPaddingSM: 12 },
    },
  };
}
