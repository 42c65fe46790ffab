package main

import (
	"fmt"
	"net/url"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
)

const etcdStartTimeout = 60 * time.Second

type etcdOptions struct {
	dataDir       string
	clientURL     string
	peerURL       string
	unsafeNoFsync bool
	logLevel      string
}

// newEtcdCommand takes the options of the real etcd that tests use, under the same names, so that a real etcd can stand in for it.
func newEtcdCommand() *cobra.Command {
	var options etcdOptions
	var advertise string
	command := &cobra.Command{
		Use:           "etcd",
		Short:         "One etcd member on loopback",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: false,
		RunE:          func(command *cobra.Command, _ []string) error { return runEtcd(command, options) },
	}
	flags := command.Flags()
	flags.StringVar(&options.dataDir, "data-dir", "", "folder of the data, created when absent")
	flags.StringVar(&options.clientURL, "listen-client-urls", "http://127.0.0.1:2379", "address for clients")
	flags.StringVar(&advertise, "advertise-client-urls", "", "taken for the sake of the real etcd, which needs it; clients are told the address it listens on")
	flags.StringVar(&options.peerURL, "listen-peer-urls", "http://127.0.0.1:2380", "address for peers, of which there are none")
	flags.BoolVar(&options.unsafeNoFsync, "unsafe-no-fsync", false, "do not wait for the disk")
	flags.StringVar(&options.logLevel, "log-level", "warn", "debug, info, warn or error")
	if err := command.MarkFlagRequired("data-dir"); err != nil {
		panic(err) // the flag is defined four lines above
	}
	return command
}

func (options etcdOptions) config() (*embed.Config, error) {
	client, err := url.Parse(options.clientURL)
	if err != nil {
		return nil, fmt.Errorf("--listen-client-urls '%s': %w", options.clientURL, err)
	}
	peer, err := url.Parse(options.peerURL)
	if err != nil {
		return nil, fmt.Errorf("--listen-peer-urls '%s': %w", options.peerURL, err)
	}
	config := embed.NewConfig()
	config.Dir = options.dataDir
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{*client}, []url.URL{*client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{*peer}, []url.URL{*peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.UnsafeNoFsync = options.unsafeNoFsync
	config.LogLevel = options.logLevel
	return config, nil
}

func runEtcd(command *cobra.Command, options etcdOptions) error {
	config, err := options.config()
	if err != nil {
		return err
	}
	stop, cancel := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	server, err := embed.StartEtcd(config)
	if err != nil {
		return fmt.Errorf("cannot start etcd in '%s': %w", options.dataDir, err)
	}
	defer server.Close()
	select {
	case <-server.Server.ReadyNotify():
	case <-time.After(etcdStartTimeout):
		return fmt.Errorf("etcd was not ready within %s", etcdStartTimeout)
	}
	select {
	case <-stop.Done():
		return nil
	case err := <-server.Err():
		return fmt.Errorf("etcd ended: %w", err)
	}
}
