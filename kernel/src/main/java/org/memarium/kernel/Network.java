package org.memarium.kernel;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Whom sockets reach. The host's network is never among them. */
public enum Network {
  /** There is the UNIX domain alone: a kernel without the Internet protocols. */
  NONE,

  /** TCP and UDP inside the machine, as on a host whose only interface is {@code lo}. */
  LOOPBACK;

  /** As a user writes it. */
  public String option() {
    return this == NONE ? "none" : "loopback";
  }

  /** The one that a user calls so; null if there is none. */
  public static @Nullable Network named(String option) {
    return Arrays.stream(values()).filter(n -> n.option().equals(option)).findFirst().orElse(null);
  }

  /** All of them, for people. */
  public static String names() {
    return Arrays.stream(values()).map(Network::option).collect(Collectors.joining(" and "));
  }
}
