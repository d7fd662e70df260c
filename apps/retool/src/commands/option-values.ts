import { InvalidArgumentError } from "commander";

/** An option's value as a whole number from 0. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError("A whole number from 0 is needed.");
  return value;
}

/** An option's value as a whole number from 1. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("A whole number from 1 is needed.");
  return value;
}

/** An option's value as a number from 0. */
export function nonNegativeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) throw new InvalidArgumentError("A number from 0 is needed.");
  return value;
}

/** An option's value as seeds with commas between them, each once. */
export function seedList(text: string): number[] {
  const seeds = text.split(",").map((part) => wholeNumber(part.trim()));
  if (new Set(seeds).size !== seeds.length) throw new InvalidArgumentError("A seed is named twice.");
  return seeds;
}

/** An option's value as the address of a web server. */
export function webAddress(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new InvalidArgumentError("An address such as http://127.0.0.1:8000/v1 is needed.");
  }
  return text;
}

/** An option's value as two numbers above 0 with a comma between them: tokens that a server samples, and trains, a second. */
export function tokensPerSecond(text: string): { readonly sampled: number; readonly trained: number } {
  const [sampled, trained, ...more] = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const isSpeed = (value: number | undefined): value is number => value !== undefined && Number.isFinite(value) && value > 0;
  if (!isSpeed(sampled) || !isSpeed(trained) || more.length > 0) {
    throw new InvalidArgumentError("Tokens a second that the server samples and trains are needed, such as 20000,8000.");
  }
  return { sampled, trained };
}

/** Collects the values of an option that may be repeated; its default is an empty list. */
export function repeated(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
