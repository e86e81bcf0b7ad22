package org.memarium.oracle;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Calls that are tried or left out together. */
enum CallGroup {
  MAP,
  PROTECT,
  REMAP,
  BRK,
  ADVISE,
  LOCK,
  CORE,
  NONLINEAR,
  SEAL,
  FILE,
  SHM,
  REMOTE,
  LIMIT,
  SEGMENT,
  PROC,
  FORK,
  ACCESS;

  /** The group of a name; null if there is none. */
  static @Nullable CallGroup named(String name) {
    for (CallGroup group : values()) {
      if (group.toString().equals(name)) {
        return group;
      }
    }
    return null;
  }

  /** All names, for a message. */
  static String names() {
    return Arrays.stream(values()).map(CallGroup::toString).collect(Collectors.joining(", "));
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
