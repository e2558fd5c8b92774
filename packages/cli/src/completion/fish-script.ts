import type { CompletedCommand, CompletedOption, Words } from "./command-tree.ts";

/** A completion script for fish: a file `persysctl.fish` in its folder of completions. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  const nested = commands.filter(({ path }) => path !== "").map(({ path }) => quote(path));
  return `# fish completion for persysctl
function __persysctl_at --description 'Whether the command before the cursor is this one'
    set -l at ''
    for word in (commandline -opc)[2..]
        set -l next (string trim -- "$at $word")
        contains -- "$next" ${nested.join(" ")}
        and set at $next
    end
    test "$at" = "$argv[1]"
end
complete -c persysctl -f
${commands.flatMap(linesFor).join("\n")}
`;
}

function linesFor(command: CompletedCommand): readonly string[] {
  const { path, subcommands, options, argument } = command;
  const start = `complete -c persysctl -n ${quote(`__persysctl_at ${quote(path)}`)}`;
  return [
    ...subcommands.map(({ name, description }) => `${start} -a ${name} -d ${quote(description)}`),
    ...(argument === undefined || subcommands.length > 0 ? [] : [`${start}${offer(argument)}`]),
    ...options.map((option) => `${start}${optionText(option)}`),
  ];
}

function optionText({ names, description, value }: CompletedOption): string {
  const flags = names.map((name) =>
    name.startsWith("--") ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`,
  );
  const takes = value === undefined ? "" : ` -r${offer(value)}`;
  return `${flags.join("")} -d ${quote(description)}${takes}`;
}

function offer(words: Words): string {
  switch (words.kind) {
    case "list":
      return ` -a ${quote(words.words.join(" "))}`;
    case "workloads":
    case "contexts":
      return ` -a ${quote(`(persysctl complete-words ${words.kind} 2>/dev/null)`)}`;
    case "files":
      return " -F";
    case "anything":
      return "";
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
