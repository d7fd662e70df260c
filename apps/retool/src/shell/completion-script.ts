import type { Command, Option } from "commander";

/** Shells that a script can be made for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** Words that may follow, which the program's commands do not tell: values of options, and of arguments, by command. */
export interface CompletionWords {
  /** By option, such as `--preset`; choices of an option need no entry. */
  readonly ofOption: Readonly<Record<string, readonly string[]>>;
  /** By command, such as `config explain`. */
  readonly ofArgument: Readonly<Record<string, readonly string[]>>;
}

/** What may stand behind one command. */
interface Place {
  /** Words that lead to the command; empty for the program. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly { readonly long: string; readonly description: string; readonly values: readonly string[] | undefined }[];
  readonly words: readonly string[];
}

/** A script that completes the program's command lines, made of its commands and options. */
export function completionScript(program: Command, shell: Shell, words: CompletionWords): string {
  const places = placesOf(program, "", words);
  const name = program.name();
  switch (shell) {
    case "bash":
      return bashScript(name, places);
    case "zsh":
      return zshScript(name, places);
    case "fish":
      return fishScript(name, places);
  }
}

function placesOf(command: Command, path: string, words: CompletionWords): Place[] {
  const visible = command.createHelp().visibleCommands(command);
  const values = (option: Option) => (option.argChoices ? option.argChoices : words.ofOption[option.long!]);
  const place = {
    path,
    commands: visible.map((inner) => ({ name: inner.name(), description: inner.description() })),
    options: command
      .createHelp()
      .visibleOptions(command)
      .map((option) => ({ long: option.long!, description: option.description, values: values(option) })),
    words: words.ofArgument[path] ?? [],
  };
  return [place, ...visible.flatMap((inner) => placesOf(inner, path === "" ? inner.name() : `${path} ${inner.name()}`, words))];
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** The lines in which a shell walks over the words that stand already, to the command they lead to. */
function walk(places: readonly Place[], pattern: (path: string) => string): string {
  return places.filter(({ path }) => path !== "").map(({ path }) => pattern(path)).join("|"); // prettier-ignore
}

function bashScript(name: string, places: readonly Place[]): string {
  const values = places.flatMap(({ path, options }) =>
    options.flatMap(({ long, values: list }) =>
      list === undefined ? [] : [`    ${quoted(`${path}:${long}`)}) words=${quoted(list.join(" "))} ;;`],
    ),
  );
  const flags = places.map(({ path, options }) => `      ${quoted(path)}) words=${quoted(options.map(({ long }) => long).join(" "))} ;;`);
  const names = places.flatMap(({ path, commands, words }) => {
    const all = [...commands.map((command) => command.name), ...words];
    return all.length === 0 ? [] : [`      ${quoted(path)}) words=${quoted(all.join(" "))} ;;`];
  });
  return `# bash completion of ${name}: source <(${name} completion bash)
_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in ${walk(places, quoted)}) path="\${path:+$path }$word" ;; esac
  done
  case "$path:$previous" in
${values.join("\n")}
    *) case "$current" in
    -*) case "$path" in
${flags.join("\n")}
    esac ;;
    *) case "$path" in
${names.join("\n")}
    esac ;;
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ "\${COMPREPLY[0]}" == *= ]] && compopt -o nospace
  return 0
}
complete -o default -F _${name} ${name}
`;
}

function zshScript(name: string, places: readonly Place[]): string {
  const described = (list: readonly (readonly [string, string])[]) =>
    list.map(([word, text]) => quoted(text === "" ? word : `${word.replaceAll(":", "\\:")}:${text}`)).join(" ");
  const values = places.flatMap(({ path, options }) =>
    options.flatMap(({ long, values: list }) =>
      list === undefined ? [] : [`    ${quoted(`${path}:${long}`)}) compadd -S '' -- ${list.map(quoted).join(" ")}; return ;;`],
    ),
  );
  const flags = places.map(
    ({ path, options }) => `      ${quoted(path)}) entries=(${described(options.map(({ long, description }) => [long, description]))}) ;;`,
  );
  const names = places.flatMap(({ path, commands, words }) => {
    const all = [
      ...commands.map(({ name: word, description }) => [word, description] as const),
      ...words.map((word) => [word, ""] as const),
    ];
    return all.length === 0 ? [] : [`      ${quoted(path)}) entries=(${described(all)}) ;;`];
  });
  return `#compdef ${name}
# zsh completion of ${name}: source <(${name} completion zsh)
_${name}() {
  local command_path="" word
  local -a entries
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${command_path:+$command_path }$word" in
      ${walk(places, quoted)}) command_path="\${command_path:+$command_path }$word" ;;
    esac
  done
  case "$command_path:\${words[CURRENT-1]}" in
${values.join("\n")}
  esac
  if [[ "$PREFIX" == -* ]]; then
    case "$command_path" in
${flags.join("\n")}
    esac
  else
    case "$command_path" in
${names.join("\n")}
    esac
  fi
  (( \${#entries} )) && _describe '${name}' entries
  [[ "$PREFIX" == -* ]] || _files
}
compdef _${name} ${name}
`;
}

function fishScript(name: string, places: readonly Place[]): string {
  const text = (words: string) => `'${words.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = places.flatMap(({ path, commands, options, words }) => {
    const at = `complete -c ${name} -n ${text(`__${name}_at ${text(path)}`)}`;
    return [
      ...commands.map(({ name: word, description }) => `${at} -f -a ${text(word)} -d ${text(description)}`),
      ...(words.length === 0 ? [] : [`${at} -f -a ${text(words.join(" "))}`]),
      ...options.map(({ long, description, values }) => {
        const list = values === undefined ? "" : ` -x -a ${text(values.join(" "))}`;
        return `${at} -l ${long.slice(2)}${list} -d ${text(description)}`;
      }),
    ];
  });
  return `# fish completion of ${name}: ${name} completion fish | source
function __${name}_at
  set -l path
  for word in (commandline -opc)[2..-1]
    switch (string join -- ' ' $path $word)
      case ${places.filter(({ path }) => path !== "").map(({ path }) => text(path)).join(" ")}
        set path $path $word
    end
  end
  test (string join -- ' ' $path) = "$argv[1]"
end
${lines.join("\n")}
`; // prettier-ignore
}
