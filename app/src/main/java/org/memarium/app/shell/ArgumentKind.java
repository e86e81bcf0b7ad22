package org.memarium.app.shell;

/** What an argument is, by the name that it has in a {@link Command}'s usage. */
enum ArgumentKind {
  ADDRESS,
  CACHE,
  COMMAND,
  FILE,
  GFP,
  PATH,
  PID,
  PROGRAM,
  SETTING,
  SLAB_FLAGS,
  TOPIC,
  VARIABLE,
  ZONE,
  /** A number, a size, free text: nothing to complete. */
  OTHER;

  static ArgumentKind of(String name) {
    for (ArgumentKind kind : values()) {
      if (kind.name().equals(name)) {
        return kind;
      }
    }
    return OTHER;
  }
}
