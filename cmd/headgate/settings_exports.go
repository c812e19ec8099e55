package main

import (
	"fmt"
	"net/url"

	"github.com/headgate/headgate/engine/report"
)

// exportSettings say who speaks in documents for others, and what these refer to.
type exportSettings struct {
	Author         string `yaml:"author"`
	AssessmentPlan string `yaml:"assessment_plan"`
	FedRAMPPackage string `yaml:"fedramp_package"`
	ReportDays     int    `yaml:"report_days"`
}

// mostReportDays is the longest time that a report is about.
const mostReportDays = 366

func (s exportSettings) check() error {
	for _, u := range []struct{ key, value string }{{"assessment_plan", s.AssessmentPlan}, {"fedramp_package", s.FedRAMPPackage}} {
		at, err := url.Parse(u.value)
		if u.value != "" && (err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "") {
			return fmt.Errorf("exports.%s %q is no address of the web", u.key, u.value)
		}
	}
	if s.ReportDays < 0 || s.ReportDays > mostReportDays {
		return fmt.Errorf("exports.report_days %d is not between 1 and %d", s.ReportDays, mostReportDays)
	}
	return nil
}

func (s exportSettings) issuer() report.Issuer {
	return report.Issuer{Author: s.Author, AssessmentPlan: s.AssessmentPlan, Package: s.FedRAMPPackage, ReportDays: s.ReportDays}
}
