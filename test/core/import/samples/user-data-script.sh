#!/bin/bash
set -e
apt-get install -y nginx
