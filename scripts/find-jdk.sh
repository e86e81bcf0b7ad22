# Sourced by ./memarium, ./check and .ci/run: the one place that knows how a JDK is found.
#
# find_jdk sets JDK to the home of a JDK 25 or later, whatever the default `java` is: JAVA_HOME,
# then `java` on PATH, then the usual folders. It returns 1 if there is none. Versions are read
# from the file `release` of each JDK, because starting a `java` to ask it would cost more than
# the rest of the launcher.

JDK_FOLDERS="/usr/lib/jvm /usr/java /opt /opt/java ${HOME:-}/.sdkman/candidates/java ${HOME:-}/.jdks \
/Library/Java/JavaVirtualMachines ${HOME:-}/Library/Java/JavaVirtualMachines"

NO_JDK="needs a JDK 25 or later and found none in JAVA_HOME, in PATH or in the usual folders; \
get one from your distribution (openjdk-25-jdk) or from https://adoptium.net, or set JAVA_HOME"

# is_jdk HOME: true if HOME holds a JDK (not only a JRE) of version 25 or later.
is_jdk() {
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  while IFS='=' read -r key value; do
    [ "$key" = JAVA_VERSION ] || continue
    value=${value#\"}
    major=${value%%[!0-9]*}
    [ "${major:-0}" -ge 25 ]
    return
  done <"$1/release"
  return 1
}

find_jdk() {
  JDK=${JAVA_HOME:-}
  if [ -n "$JDK" ] && is_jdk "$JDK"; then return 0; fi

  on_path=$(command -v java) && [ -n "$on_path" ] && {
    while [ -L "$on_path" ]; do
      link=$(readlink "$on_path")
      case $link in
        /*) on_path=$link ;;
        *) on_path=${on_path%/*}/$link ;;
      esac
    done
    JDK=${on_path%/bin/java}
    if is_jdk "$JDK"; then return 0; fi
  }

  for folder in $JDK_FOLDERS; do
    for JDK in "$folder"/* "$folder"/*/Contents/Home; do
      if is_jdk "$JDK"; then return 0; fi
    done
  done
  JDK=
  return 1
}
