#!/bin/sh
# What udhcpc calls in the guest of the tests.
case $1 in
bound)
  ip address flush dev "$interface"
  ip address add "$ip/$mask" dev "$interface"
  echo "guest address $ip" >/dev/console
  ;;
deconfig) ip link set "$interface" up ;;
esac
