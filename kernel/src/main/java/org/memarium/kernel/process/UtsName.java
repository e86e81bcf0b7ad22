package org.memarium.kernel.process;

/**
 * {@code struct new_utsname}: what the kernel says of itself.
 *
 * @param sysname {@code uname -s}
 * @param nodename {@code uname -n}
 * @param release {@code uname -r}
 * @param version {@code uname -v}
 * @param machine {@code uname -m}
 * @param domainname the NIS domain
 */
public record UtsName(
    String sysname,
    String nodename,
    String release,
    String version,
    String machine,
    String domainname) {
  /** Bytes of each field, its NUL included. */
  public static final int FIELD_BYTES = 65;

  /** The long-term kernel whose behaviour Memarium follows. */
  public static final String RELEASE = "6.18.0-memarium";

  /** The same on every machine: no host name, no build date. */
  public static UtsName of(String machine) {
    return new UtsName("Linux", "memarium", RELEASE, "#1 SMP PREEMPT_DYNAMIC", machine, "(none)");
  }
}
