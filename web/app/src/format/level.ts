/** Levels: OpenTelemetry's numbers as names and letters, for a level is never told by its colour alone. */
import type { LevelName } from "../api/types";

export const LEVELS: LevelName[] = ["trace", "debug", "info", "notice", "warn", "error", "fatal"];
const LETTERS: Record<LevelName, string> = {
  trace: "T",
  debug: "D",
  info: "I",
  notice: "N",
  warn: "W",
  error: "E",
  fatal: "F",
};

export function levelName(level: number): LevelName {
  if (level >= 21) return "fatal";
  if (level >= 17) return "error";
  if (level >= 13) return "warn";
  if (level >= 10) return "notice";
  if (level >= 9 || level === 0) return "info";
  return level >= 5 ? "debug" : "trace";
}

export function levelLetter(level: number): string {
  return LETTERS[levelName(level)];
}
