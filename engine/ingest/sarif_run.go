package ingest

import (
	"cmp"
	"strings"
)

// read reads one run.
func (r *sarifRun) read(s *stream) error {
	return s.object(func(key string) error {
		switch key {
		case "tool":
			return s.object(func(key string) error {
				switch key {
				case "driver":
					return r.driver.read(s)
				case "extensions":
					return readComponents(s, &r.extensions)
				}
				return s.skip()
			})
		case "results":
			if s.peek() == 'n' {
				return s.skip()
			}
			r.listed = true
			return s.array(func() error { return r.readResult(s) })
		case "taxonomies":
			return readComponents(s, &r.taxonomies)
		case "artifacts":
			return s.items(func() error {
				a := sarifArtifact{index: -1}
				err := s.fields(func(key string) error {
					if key == "location" {
						return a.read(s)
					}
					return s.skip()
				})
				r.artifacts = append(r.artifacts, a)
				return cmp.Or(err, s.keep())
			})
		case "originalUriBaseIds":
			r.bases = map[string]sarifArtifact{}
			return s.fields(func(key string) error {
				var a sarifArtifact
				err := a.read(s)
				r.bases[key] = a
				return cmp.Or(err, s.keep())
			})
		case "invocations":
			return s.items(func() error {
				var i sarifInvocation
				err := i.read(s)
				r.invocations = append(r.invocations, i)
				return cmp.Or(err, s.keep())
			})
		case "versionControlProvenance":
			return s.items(func() error {
				return s.fields(func(key string) error {
					switch {
					case key == "repositoryUri" && r.repository == "":
						return s.scalarInto(&r.repository)
					case key == "revisionId" && r.commit == "":
						return s.nameInto(&r.commit)
					}
					return s.skip()
				})
			})
		case "externalPropertyFileReferences":
			return s.fields(func(key string) error {
				r.elsewhere = r.elsewhere || key == "results"
				return s.skip()
			})
		case "properties":
			return r.readProperties(s)
		}
		return s.skip()
	})
}

// readProperties finds the image that was scanned, where a tool writes it.
func (r *sarifRun) readProperties(s *stream) error {
	var name string
	var tags words
	err := s.fields(func(key string) error {
		switch key {
		case "imageName":
			return s.scalarInto(&name)
		case "repoTags":
			return tags.UnmarshalJSONFrom(s.dec)
		}
		return s.skip()
	})
	r.image = imageReference(append(tags, plain(name))...) // the name may be that of an archive
	return err
}

func (a *sarifArtifact) read(s *stream) error {
	a.index = -1
	return s.fields(func(key string) error {
		switch key {
		case "uri":
			return s.wordInto(&a.uri)
		case "uriBaseId":
			return s.wordInto(&a.base)
		case "index":
			return s.integerInto(&a.index)
		}
		return s.skip()
	})
}

func (i *sarifInvocation) read(s *stream) error {
	var parts [5]string // the first that says something comes first
	note := func(at *string) func() error {
		return func() error {
			text, err := readNotification(s)
			if *at == "" {
				*at = text
			}
			return err
		}
	}
	err := s.fields(func(key string) error {
		switch key {
		case "executionSuccessful":
			v, err := s.word()
			i.failed = v != "true" && v != "null" // only true is a success
			return err
		case "exitCode":
			v, err := s.word()
			if v != "" {
				parts[0] = "exit code " + v
			}
			return err
		case "exitCodeDescription":
			return s.scalarInto(&parts[1])
		case "exitSignalName":
			return s.scalarInto(&parts[2])
		case "processStartFailureMessage":
			return s.scalarInto(&parts[3])
		case "toolExecutionNotifications", "toolConfigurationNotifications":
			return s.items(note(&parts[4]))
		case "startTimeUtc":
			return s.timeInto(&i.start)
		case "endTimeUtc":
			return s.timeInto(&i.end)
		case "workingDirectory":
			var a sarifArtifact
			err := a.read(s)
			i.directory = a.uri
			return err
		case "ruleConfigurationOverrides":
			return s.items(func() error {
				var o sarifOverride
				err := s.fields(func(key string) error {
					switch key {
					case "descriptor":
						var err error
						o.rule, err = readReference(s)
						return err
					case "configuration":
						return s.fields(func(key string) error {
							if key == "level" {
								return s.wordInto(&o.level)
							}
							return s.skip()
						})
					}
					return s.skip()
				})
				if o.level != "" {
					i.overrides = append(i.overrides, o)
				}
				return cmp.Or(err, s.keep())
			})
		}
		return s.skip()
	})
	var said []string
	for _, p := range parts {
		if p != "" {
			said = append(said, p)
		}
	}
	i.reason = clip(strings.Join(said, ": "))
	return err
}

// readNotification is the text of a notification that is an error.
func readNotification(s *stream) (string, error) {
	var level, text string
	err := s.fields(func(key string) error {
		switch key {
		case "level":
			return s.wordInto(&level)
		case "message":
			return readText(s, &text)
		}
		return s.skip()
	})
	if level != "error" {
		return "", err
	}
	return clip(text), err
}
